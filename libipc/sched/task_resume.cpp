// SPDX-License-Identifier: BSD-3-Clause
// The task queue takes over what an earlier controller left in its journal.
#include <algorithm>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {
namespace {

// An engine that is not known any more has so long to come back.
constexpr Duration kReturn = seconds(60);

}  // namespace

void TaskQueue::ended(std::string_view id, std::string_view engine, bool ok) {
  const std::uint32_t number = engine.empty() ? kNoEngine : engines_.number_of(engine);
  ids_.set(id, number << 2 | (ok ? kCompleted : kFailed));
}

void TaskQueue::resume(std::string_view id, net::Frames& frames,
                       std::unique_ptr<Conditions> conditions, std::string_view engine,
                       TimePoint now, bool is_ours) {
  if (outcome(id) == Outcome::waiting) return;
  now_ = now;
  const std::uint32_t slot = new_slot();
  Job& job = jobs_[slot];
  job.id.assign(id);
  std::swap(job.frames, frames);
  job.conditions = std::move(conditions);
  job.is_ours = is_ours;
  job.resumed = true;
  job.order = next_order_++;
  job.generation = next_generation_++;
  job.state = Job::State::running;
  ids_.set(id, slot << 2 | kLive);
  TaskFailure why{};
  if (job.conditions != nullptr && !accept(slot, why)) {
    // It was accepted once, and has begun: what it waited for does not matter any more.
    job.conditions->after = job.conditions->follow = {};
    job.conditions->invalid = false;
    (void)accept(slot, why);
  }
  const std::uint32_t number = engines_.number_of(engine);
  job.engine = number;
  job.run = next_run_++;
  job.seat = engines_.occupy(number, slot);
  const auto is_it = [number](const auto& end) { return end.second == number; };
  if (!engines_[number].alive && std::none_of(ends_.begin(), ends_.end(), is_it))
    ends_.emplace(now + kReturn, number);
}

void TaskQueue::engine_is_back(std::string_view engine) {
  const std::uint32_t number = engines_.find(engine);
  if (number == kNone) return;
  for (const std::uint32_t slot : engines_[number].running) jobs_[slot].resumed = true;
  send_resumed(engine);
}

std::size_t TaskQueue::send_resumed(std::string_view engine) {
  const std::uint32_t number = engines_.find(engine);
  if (number == kNone) return 0;
  std::vector<std::uint32_t> slots;
  for (const std::uint32_t slot : engines_[number].running)
    if (jobs_[slot].resumed) slots.push_back(slot);
  std::sort(slots.begin(), slots.end(),
            [this](auto a, auto b) { return jobs_[a].run < jobs_[b].run; });
  for (const std::uint32_t slot : slots) output_.run(jobs_[slot], engines_[number]);
  return slots.size();
}

const TaskEngine* TaskQueue::ended_at(std::string_view id) const {
  const std::uint32_t state = ids_.get(id) & kStateBits;
  if (state != kCompleted && state != kFailed) return nullptr;
  const std::uint32_t number = id_place(id);
  return number != kNoEngine && engines_[number].alive ? &engines_[number] : nullptr;
}

bool TaskQueue::is_resumed(std::string_view id) const {
  const std::uint32_t known = ids_.get(id);
  return (known & kStateBits) == kLive && jobs_[known >> 2].resumed;
}

}  // namespace ipc::sched
