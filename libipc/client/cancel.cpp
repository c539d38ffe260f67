// SPDX-License-Identifier: BSD-3-Clause
// Jobs of any client withdrawn or interrupted.
#include "libipc/client/cancel.hpp"

#include <set>

#include "libipc/client/history.hpp"
#include "libipc/client/jobs.hpp"

namespace ipc::client {
namespace {

using wire::Json;

// An engine of ipyparallel 7 answers between two requests: it has the message, that is enough.
constexpr auto kForeignPatience = seconds(1);

/// Who has to be told of which jobs.
class Round {
 public:
  Round(Connection& connection, const EngineTable& table)
      : connection_(connection), table_(table) {}

  /// A job that nobody knows the place of: the scheduler and every engine.
  void add_everywhere(const std::string& id) {
    tasks_.insert(id);
    for (const auto& [engine, info] : table_.engines) at_[engine].insert(id);
  }

  void add(const std::string& id, const Json& record) {
    const bool is_task = wire::string_or(record, "queue") == "task";
    const int engine = table_.id_of(wire::string_or(record, "engine_uuid"));
    const bool knows_cancel = connection_.file().is_ipkit();
    if (is_task && knows_cancel) tasks_.insert(id);
    // Our scheduler asks our engines, and only those.
    if (engine >= 0 && !(is_task && table_.find(engine)->is_ipkit())) at_[engine].insert(id);
    if (engine < 0 && is_task && !knows_cancel) add_everywhere(id);
  }

  Status run(std::map<std::string, Fate>& fates, TimePoint deadline) {
    bool foreign = false;
    if (!tasks_.empty() && connection_.file().is_ipkit())
      connection_.submit(request("cancel_request", tasks_), taker(fates));
    for (const auto& [engine, ids] : at_) {
      const bool ours = table_.find(engine)->is_ipkit();
      foreign = foreign || !ours;
      IPC_TRY(connection_.control(engine, request(ours ? "cancel_request" : "abort_request", ids),
                                  taker(fates)));
    }
    const TimePoint patience = foreign ? Clock::now() + kForeignPatience : TimePoint::max();
    const auto waited = connection_.wait_all(std::min(deadline, patience));
    connection_.forget_all();
    if (waited || (waited.error().code == Code::timed_out && patience < deadline)) return {};
    return waited.error();
  }

 private:
  static Request request(const char* type, const std::set<std::string>& ids) {
    Request request;
    request.type = type;
    request.content = wire::dump_json({{"msg_ids", ids}});
    return request;
  }

  static ReplyHandler taker(std::map<std::string, Fate>& fates) {
    return [&fates](Reply&& reply) {
      const Json content = reply.content();
      const auto take = [&](const char* key, Fate fate) {
        const auto list = content.is_object() ? content.find(key) : content.end();
        if (list == content.end() || !list->is_array()) return;
        for (const auto& id : *list)
          if (id.is_string() && fates.contains(id)) fates[id] = fate;
      };
      take("withdrawn", Fate::withdrawn);
      take("interrupted", Fate::interrupted);
    };
  }

  Connection& connection_;
  const EngineTable& table_;
  std::set<std::string> tasks_;
  std::map<int, std::set<std::string>> at_;
};

}  // namespace

Result<std::map<std::string, Fate>> cancel_jobs(Connection& connection,
                                                const std::vector<std::string>& ids,
                                                TimePoint deadline) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  IPC_TRY_ASSIGN(const JobStates states, job_states(connection, ids, deadline));
  std::map<std::string, Fate> fates;
  for (const auto& [id, outcome] : states.done) fates[id] = Fate::ended;
  for (const auto& id : states.unknown) fates[id] = Fate::unknown;
  for (const auto& id : states.pending) fates[id] = Fate::noted;
  if (states.pending.empty()) return fates;
  const Json query = {{"msg_id", {{"$in", states.pending}}}};
  const auto records = find_records(connection, query, {"queue", "engine_uuid"}, deadline);
  if (!records && (records.error().code != Code::failed || connection.interrupted()))
    return records.error();
  std::map<std::string, const Json*> places;
  if (records)
    for (const auto& record : *records) places[wire::string_or(record, "msg_id")] = &record;
  Round round(connection, *table);
  for (const auto& id : states.pending)
    if (const auto place = places.find(id); place != places.end())
      round.add(id, *place->second);
    else
      round.add_everywhere(id);
  IPC_TRY(round.run(fates, deadline));
  // What nobody had may have ended meanwhile.
  std::vector<std::string> noted;
  for (const auto& [id, fate] : fates)
    if (fate == Fate::noted) noted.push_back(id);
  if (noted.empty()) return fates;
  IPC_TRY_ASSIGN(const JobStates now, job_states(connection, noted, deadline));
  for (const auto& [id, outcome] : now.done)
    fates[id] = outcome == Outcome::aborted ? Fate::withdrawn : Fate::ended;
  return fates;
}

}  // namespace ipc::client
