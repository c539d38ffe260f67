// SPDX-License-Identifier: BSD-3-Clause
// The hub's records of jobs: asked for, dropped, run again.
#include "libipc/client/history.hpp"

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

}  // namespace ipc::client
