// SPDX-License-Identifier: BSD-3-Clause
// The task channel, for clients whose connection broke: a task that comes again is not run again;
// if it has ended, its engine, which keeps its last replies, sends the answer once more.
#include <algorithm>

#include "libipc/sched/task_relay.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"
#include "libipc/wire/route.hpp"

namespace ipc::sched {
namespace {

constexpr std::size_t kMostRepeats = 65536;

}  // namespace

// It is told that it is heard, if it is known already or not, before it gets its tasks again.
void TaskRelay::engine_is_back(const net::Incoming& message) {
  const std::string_view uuid = message.views[0];
  auto frames = maker_.sign(
      {&uuid, 1}, maker_.message("again_reply", message.view.header, "{}", R"({"status": "ok"})"));
  engines_.socket().send(std::span(frames));
  queue_.engine_is_back(uuid);
}

void TaskRelay::repeat(const net::Incoming& message, const wire::Header& header) {
  const std::string_view client = message.views[0];
  // Of those nobody sends twice; who heard a task on its way could have its client disturbed.
  if (wire::is_anonymous(client))
    return complaints_.warning("task channel: a task with an id there was before dropped, from " +
                               net::peer_text(message.frames));
  if (queue_.is_live(header.msg_id)) return;
  const TaskEngine* const engine = queue_.ended_at(header.msg_id);
  Repeat asked{std::string(client), std::string(message.view.header),
               engine != nullptr ? engine->uuid : ""};
  if (engine == nullptr || !engine->extensions || repeats_.size() >= kMostRepeats)
    return answer_lost(header.msg_id, asked);
  const std::string_view uuid = engine->uuid;
  auto frames = maker_.sign({&uuid, 1},
                            maker_.message("again_request", "{}", "{}",
                                           wire::dump_json({{"msg_id", header.msg_id}})));
  engines_.send(frames);
  repeats_.emplace(header.msg_id, std::move(asked));
}

// True if it is the answer that was asked for, for a client that has asked: whoever else has heard
// of the task gets nothing.
bool TaskRelay::take_repeated(const net::Incoming& message, std::string_view id) {
  const auto [first, last] = repeats_.equal_range(id);
  const bool is_theirs = std::any_of(
      first, last, [&](const auto& entry) { return entry.second.client == message.views[1]; });
  repeats_.erase(first, last);
  return is_theirs;
}

void TaskRelay::cannot_repeat(const net::Incoming& message) {
  const auto content = wire::parse_json(message.view.content, 8);
  if (!content || !content->is_object()) return;
  const auto [first, last] = repeats_.equal_range(wire::string_or(*content, "msg_id"));
  for (auto it = first; it != last; ++it) answer_lost(it->first, it->second);
  repeats_.erase(first, last);
}

void TaskRelay::forget_repeats(std::string_view engine) {
  std::erase_if(repeats_, [&](const auto& entry) {
    if (entry.second.engine != engine) return false;
    answer_lost(entry.first, entry.second);
    return true;
  });
}

void TaskRelay::answer_lost(std::string_view id, const Repeat& repeat) {
  answer_error(repeat.client, repeat.header, "ResultNotKept",
               "the task has ended, and its reply was lost with a connection that broke; perhaps "
               "it is in the records: ipresult job:" +
                   std::string(id));
}

}  // namespace ipc::sched
