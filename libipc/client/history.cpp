// SPDX-License-Identifier: BSD-3-Clause
// The hub's records of jobs: asked for, dropped, run again.
#include "libipc/client/history.hpp"

#include "libipc/client/jobs.hpp"

namespace ipc::client {

using wire::Json;

Result<std::vector<Json>> find_records(Connection& connection, const Json& query,
                                       const std::vector<std::string>& keys, TimePoint deadline) {
  const Json question = {{"query", query}, {"keys", keys}};
  IPC_TRY_ASSIGN(const Reply reply,
                 connection.ask_and_wait("db_request", wire::dump_json(question), deadline));
  Json content = reply.content();
  const auto records = content.is_object() ? content.find("records") : content.end();
  if (records == content.end() || !records->is_array())
    return Error{Code::bad_input, "the controller's answer has no records", ""};
  std::vector<Json> list;
  for (auto& record : *records)
    if (record.is_object()) list.push_back(std::move(record));
  return list;
}

Result<std::map<std::string, std::string>> resubmit(Connection& connection,
                                                    const std::vector<std::string>& ids,
                                                    TimePoint deadline) {
  std::map<std::string, std::string> renamed;
  if (ids.empty()) return renamed;
  IPC_TRY_ASSIGN(const JobStates states, job_states(connection, ids, deadline));
  if (!states.unknown.empty()) return no_such_job(states.unknown);
  const Json question = {{"msg_ids", ids}};
  IPC_TRY_ASSIGN(const Reply reply,
                 connection.ask_and_wait("resubmit_request", wire::dump_json(question), deadline));
  const Json content = reply.content();
  const Json table = content.is_object() ? content.value("resubmitted", Json()) : Json();
  for (const auto& id : ids) {
    renamed[id] = wire::string_or(table, id.c_str());
    if (renamed[id].empty())
      return Error{Code::bad_input, "the controller does not say what became of job:" + id, ""};
  }
  return renamed;
}

Status purge(Connection& connection, const std::vector<std::string>& ids, TimePoint deadline) {
  if (ids.empty()) return {};
  const Json question = {{"msg_ids", ids}};
  const auto reply = connection.ask_and_wait("purge_request", wire::dump_json(question), deadline);
  if (!reply) return reply.error();
  return {};
}

}  // namespace ipc::client
