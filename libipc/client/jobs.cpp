// SPDX-License-Identifier: BSD-3-Clause
// Questions to the hub about jobs and engines.
#include "libipc/client/jobs.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ipc::client {
namespace {

using wire::Json;

// How often a hub that cannot wait for us is asked.
constexpr auto kPoll = milliseconds(100);
// How often engines are counted for somebody who watches.
constexpr auto kCount = seconds(1);

std::vector<std::string> strings(const Json& object, const char* key) {
  std::vector<std::string> list;
  if (!object.is_object() || !object.contains(key)) return list;
  for (const auto& item : object[key])
    if (item.is_string()) list.push_back(item);
  return list;
}

Status pause(Connection& connection, TimePoint deadline) {
  const TimePoint until = std::min(deadline, Clock::now() + kPoll);
  const auto waited = connection.wait([&] { return Clock::now() >= until; }, until);
  if (!waited && waited.error().code != Code::timed_out) return waited;
  if (Clock::now() >= deadline) return Error{Code::timed_out, "timed out", ""};
  return {};
}

JobStates parse_states(const Json& content) {
  JobStates states;
  states.pending = strings(content, "pending");
  states.unknown = strings(content, "unknown");
  const auto done = content.find("done");
  if (done == content.end() || !done->is_object()) return states;
  for (const auto& [id, outcome] : done->items())
    states.done[id] = outcome_of(outcome.is_string() ? outcome.get<std::string>() : "");
  return states;
}

Result<JobStates> ask_wait(Connection& connection, const std::vector<std::string>& ids,
                           const char* until, TimePoint deadline) {
  const Json question = {{"msg_ids", ids}, {"until", until}};
  IPC_TRY_ASSIGN(const Reply reply,
                 connection.ask_and_wait("wait_request", wire::dump_json(question), deadline));
  const Json content = reply.content();
  if (!content.is_object())
    return Error{Code::bad_input, "the controller's answer is not JSON", ""};
  return parse_states(content);
}

// One id by result_request, which every hub answers; an error reply means it is not known.
Status look_at(Connection& connection, const std::string& id, TimePoint deadline, JobStates& into) {
  const Json question = {{"msg_ids", {id}}, {"status_only", false}};
  const auto reply = connection.ask_and_wait("result_request", wire::dump_json(question), deadline);
  if (!reply && reply.error().code != Code::failed) return reply.error();
  if (!reply && connection.interrupted()) return reply.error();
  if (!reply) return into.unknown.push_back(id), Status();
  const Json content = reply->content();
  const auto record = content.find(id);
  if (record == content.end()) return into.pending.push_back(id), Status();
  const auto result = record->find("result_content");
  const std::string status = result == record->end() ? "" : wire::string_or(*result, "status");
  into.done[id] = outcome_of(status);
  return {};
}

Result<JobStates> poll_jobs(Connection& connection, const std::vector<std::string>& ids,
                            bool until_known, TimePoint deadline) {
  // A request on another channel may be a moment behind our question.
  const TimePoint appear = Clock::now() + seconds(1);
  while (true) {
    JobStates states;
    for (const auto& id : ids) IPC_TRY(look_at(connection, id, deadline, states));
    const bool settled = states.unknown.empty() || Clock::now() > appear;
    const bool enough = until_known || !states.done.empty() || states.pending.empty();
    if (enough && settled) return states;
    IPC_TRY(pause(connection, deadline));
  }
}

EngineLoad parse_load(const Json& plain, const Json& ours) {
  EngineLoad load;
  load.queue = wire::int_or(plain, "queue", 0);
  load.tasks = wire::int_or(plain, "tasks", 0);
  load.completed = wire::int_or(plain, "completed", 0);
  if (!ours.is_object()) return load;
  load.queue = wire::int_or(ours, "queue", load.queue);
  load.tasks = wire::int_or(ours, "tasks", load.tasks);
  load.completed = wire::int_or(ours, "completed", load.completed);
  load.failed = wire::int_or(ours, "failed", 0);
  load.state = wire::string_or(ours, "state");
  return load;
}

}  // namespace

Error no_such_job(const std::vector<std::string>& ids) {
  std::string names;
  for (const auto& id : ids) names += (names.empty() ? "job:" : ", job:") + id;
  return {Code::no_input, "no such job: " + names, "its controller may have been another one"};
}

Result<JobStates> wait_for_jobs(Connection& connection, const std::vector<std::string>& ids,
                                TimePoint deadline) {
  if (!connection.file().is_ipkit()) return poll_jobs(connection, ids, false, deadline);
  return ask_wait(connection, ids, "done", deadline);
}

Result<JobStates> job_states(Connection& connection, const std::vector<std::string>& ids,
                             TimePoint deadline) {
  if (!connection.file().is_ipkit()) return poll_jobs(connection, ids, true, deadline);
  return ask_wait(connection, ids, "known", deadline);
}

Result<JobStates> wait_for_all_jobs(Connection& connection, const std::vector<std::string>& ids,
                                    const JobHandler& on_end, TimePoint deadline) {
  JobStates all;
  all.pending = ids;
  // What has ended already counts, however little time is given.
  bool asks_now = deadline != TimePoint::max();
  while (!all.pending.empty()) {
    const bool waits = !std::exchange(asks_now, false);
    auto states = waits ? wait_for_jobs(connection, all.pending, deadline)
                        : job_states(connection, all.pending);
    if (!states) {
      if (states.error().code != Code::timed_out) return states.error();
      return Error{Code::timed_out,
                   "timed out: " + std::to_string(all.done.size()) + " done, " +
                       std::to_string(all.pending.size()) + " not",
                   "they go on; first: job:" + all.pending.front()};
    }
    for (const auto& [id, outcome] : states->done) {
      all.done[id] = outcome;
      if (on_end) on_end(id, outcome);
    }
    all.unknown.insert(all.unknown.end(), states->unknown.begin(), states->unknown.end());
    if (waits && states->done.empty() && states->unknown.empty() && !states->pending.empty())
      return Error{Code::bad_input, "the controller's answer about jobs makes no sense", ""};
    all.pending = std::move(states->pending);
  }
  if (all.unknown.empty()) return all;
  return no_such_job(all.unknown);
}

Result<EndedJob> wait_for_any_job(Connection& connection, const std::vector<std::string>& ids,
                                  TimePoint deadline) {
  // What has ended already counts, however little time is given.
  auto states = job_states(connection, ids);
  while (true) {
    if (!states && states.error().code == Code::timed_out)
      return Error{Code::timed_out, "timed out: none of " + std::to_string(ids.size()) + " done",
                   "they go on; first: job:" + ids.front()};
    if (!states) return states.error();
    for (const auto& id : ids)
      if (const auto found = states->done.find(id); found != states->done.end())
        return EndedJob{id, found->second};
    if (!states->unknown.empty()) return no_such_job(states->unknown);
    states = wait_for_jobs(connection, ids, deadline);
  }
}

Status acknowledge(Connection& connection, const std::vector<std::string>& ids,
                   TimePoint deadline) {
  if (ids.empty()) return {};
  const auto states = job_states(connection, ids, deadline);
  if (!states) return states.error();
  if (states->unknown.empty()) return {};
  return Error{Code::internal,
               std::to_string(states->unknown.size()) + " of " + std::to_string(ids.size()) +
                   " requests did not reach " + connection.controller(),
               "first: job:" + states->unknown.front()};
}

namespace {

/// Tells how many engines there are, at first and every second, as long as it lives.
class Counter {
 public:
  Counter(Connection& connection, const EngineTable& table,
          const std::function<void(int)>& on_count)
      : connection_(connection) {
    if (!on_count) return;
    on_count(static_cast<int>(table.engines.size()));
    timer_ = connection.loop().every(kCount, [this, &on_count] {
      connection_.forget(question_);
      question_ = connection_.ask("connection_request", "{}", [&on_count](Reply&& reply) {
        on_count(static_cast<int>(parse_engine_table(reply.content()).engines.size()));
      });
    });
  }
  ~Counter() {
    if (timer_ == 0) return;
    connection_.loop().cancel(timer_);
    connection_.forget(question_);
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

 private:
  Connection& connection_;
  net::Loop::TimerId timer_ = 0;
  std::string question_;
};

}  // namespace

Result<int> wait_for_engines(Connection& connection, int count, TimePoint deadline,
                             const std::function<void(int)>& on_count) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  const Counter counter(connection, *table, on_count);
  while (static_cast<int>(table->engines.size()) < count) {
    Status waited;
    if (connection.file().is_ipkit()) {
      const auto reply =
          connection.ask_and_wait("wait_request", wire::dump_json({{"engines", count}}), deadline);
      if (!reply) waited = reply.error();
    } else {
      waited = pause(connection, deadline);
    }
    const bool late = !waited && waited.error().code == Code::timed_out;
    if (!waited && !late) return waited.error();
    IPC_TRY_ASSIGN(table, connection.refresh_engines());
    if (late && static_cast<int>(table->engines.size()) < count)
      return Error{Code::timed_out,
                   "timed out: " + std::to_string(table->engines.size()) + " of " +
                       std::to_string(count) + " engines",
                   "see why: ipcluster status"};
  }
  return static_cast<int>(table->engines.size());
}

Result<QueueState> queue_state(Connection& connection, TimePoint deadline) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  const Json question = {{"targets", nullptr}, {"verbose", false}, {"ipkit", true}};
  IPC_TRY_ASSIGN(const Reply reply,
                 connection.ask_and_wait("queue_request", wire::dump_json(question), deadline));
  const Json content = reply.content();
  if (!content.is_object())
    return Error{Code::bad_input, "the controller's answer is not JSON", ""};
  const Json ours = content.value("ipkit", Json());
  const Json loads = ours.is_object() ? ours.value("engines", Json()) : Json();
  QueueState state;
  state.unassigned = wire::int_or(ours.is_object() ? ours : content, "unassigned", 0);
  // The hub also lists engines that have gone.
  for (const auto& [id, info] : table->engines) {
    const std::string key = std::to_string(id);
    state.engines[id] = parse_load(content.value(key, Json()),
                                   loads.is_object() ? loads.value(key, Json()) : Json());
  }
  if (ours.is_object() && ours.contains("rss")) state.rss = wire::int_or(ours, "rss", 0);
  if (ours.is_object() && ours.contains("uptime"))
    state.uptime = wire::number_or(ours, "uptime", 0);
  return state;
}

Result<std::vector<std::string>> open_jobs(Connection& connection,
                                           const std::optional<std::vector<int>>& engines,
                                           TimePoint deadline) {
  const Json targets = engines ? Json(*engines) : Json(nullptr);
  const Json question = {{"targets", targets}, {"verbose", true}};
  IPC_TRY_ASSIGN(const Reply reply,
                 connection.ask_and_wait("queue_request", wire::dump_json(question), deadline));
  const Json content = reply.content();
  if (!content.is_object())
    return Error{Code::bad_input, "the controller's answer is not JSON", ""};
  std::vector<std::string> ids;
  const auto add = [&ids](const std::vector<std::string>& more) {
    ids.insert(ids.end(), more.begin(), more.end());
  };
  for (const auto& [key, load] : content.items())
    for (const char* const list : {"queue", "tasks"}) add(strings(load, list));
  if (!engines) add(strings(content, "unassigned"));
  return ids;
}

int engine_of(const EngineTable& table, const Json& record) {
  std::string uuid = wire::string_or(record, "engine_uuid");
  if (const auto metadata = record.find("result_metadata");
      uuid.empty() && metadata != record.end())
    uuid = wire::string_or(*metadata, "engine");
  if (const int engine = table.id_of(uuid); engine >= 0 || uuid.empty()) return engine;
  for (const auto& gone : table.gone)
    if (gone.uuid == uuid) return gone.id;
  return -1;
}

Result<JobRecord> job_result(Connection& connection, const std::string& id, TimePoint deadline) {
  const Json question = {{"msg_ids", {id}}, {"status_only", false}};
  auto reply = connection.ask_and_wait("result_request", wire::dump_json(question), deadline);
  if (!reply && reply.error().code == Code::failed && !connection.interrupted())
    return no_such_job({id});
  if (!reply) return reply.error();
  Json content = reply->content();
  if (!content.is_object() || !content.contains(id))
    return Error{Code::not_ready, "job:" + id + " is not finished",
                 "wait for it: ipwait job:" + id};
  JobRecord record;
  record.record = std::move(content[id]);
  for (size_t i = 0; i < reply->buffer_count(); ++i) record.buffers.emplace_back(reply->buffer(i));
  return record;
}

}  // namespace ipc::client
