// SPDX-License-Identifier: BSD-3-Clause
// The task queue: which task runs where and when. Events and a clock in, decisions out.
#include "libipc/sched/task_queue.hpp"

#include <algorithm>
#include <utility>

namespace ipc::sched {
namespace {

// Replies of a lost engine may still be under way for so long.
constexpr Duration kGrace = seconds(5);
// Slots that are kept when there is nothing to do.
constexpr std::size_t kKeptSlots = 4096;
// Where more tasks wait than this, memory counts for more than a copy.
constexpr std::size_t kManyWaiting = 1000;

}  // namespace

TaskQueue::TaskQueue(TaskOutput& output, std::unique_ptr<Policy> policy, unsigned limit)
    : output_(output), policy_(std::move(policy)), engines_(limit), line_(jobs_) {}

TaskQueue::~TaskQueue() = default;

Outcome TaskQueue::outcome(std::string_view id) const {
  switch (ids_.get(id) & kStateBits) {
    case kLive:
      return Outcome::waiting;
    case kCompleted:
      return Outcome::completed;
    case kFailed:
      return Outcome::failed;
    default:
      return Outcome::unknown;
  }
}

const TaskEngine* TaskQueue::find_engine(std::string_view uuid) const {
  const std::uint32_t engine = engines_.find(uuid);
  return engine == kNone ? nullptr : &engines_[engine];
}

std::uint32_t TaskQueue::new_slot() {
  if (free_.empty()) {
    jobs_.emplace_back();
    return static_cast<std::uint32_t>(jobs_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

Job* TaskQueue::live(JobRef ref) {
  Job& job = jobs_[ref.slot];
  return job.generation == ref.generation && job.state != Job::State::free ? &job : nullptr;
}

bool TaskQueue::submit(std::string_view id, net::Frames& frames,
                       std::unique_ptr<Conditions> conditions, TimePoint now, bool is_ours) {
  now_ = now;
  if (outcome(id) == Outcome::waiting) return false;
  const std::uint32_t slot = new_slot();
  Job& job = jobs_[slot];
  job.id.assign(id);
  std::swap(job.frames, frames);
  for (const auto& frame : job.frames) job.bytes += frame.size();
  bytes_ += job.bytes;
  job.conditions = std::move(conditions);
  job.is_ours = is_ours;
  job.order = next_order_++;
  job.run = 0;
  job.generation = next_generation_++;
  job.state = Job::State::running;  // in no queue yet
  ids_.set(id, slot << 2 | kLive);
  if (job.conditions == nullptr) {
    if (engines_.room() == 0 || try_run(slot) != Try::ran) enqueue(slot);
    return true;
  }
  TaskFailure why{};
  if (!accept(slot, why))
    fail(slot, why);
  else if (!job.conditions->after.is_met() || try_run(slot) == Try::not_now)
    enqueue(slot);
  dispatch();
  return true;
}

void TaskQueue::enqueue(std::uint32_t slot) {
  Job& job = jobs_[slot];
  if (job.run != 0) output_.waits(job);
  if (++waiting_ > kManyWaiting) job.pack();
  job.state = Job::State::queued;
  if (job.is_ours && !strangers_.empty()) bar_strangers(job);
  if (!is_in_line(job)) return plain_.push_back(ref(slot));
  line_.add(slot);
  if (job.conditions != nullptr && job.conditions->timeout.count() > 0) {
    job.conditions->due = now_ + job.conditions->timeout;
    timers_.emplace(std::pair(job.conditions->due, job.order), slot);
  }
  if (job.conditions != nullptr && !job.conditions->after.is_met())
    job.state = Job::State::blocked;
  else
    settle(slot);
}

void TaskQueue::leave_queue(std::uint32_t slot) {
  Job& job = jobs_[slot];
  if (job.state != Job::State::queued && job.state != Job::State::blocked) return;
  --waiting_;
  job.state = Job::State::running;  // no longer anywhere
  // A place in plain_ is passed over when its turn comes.
  if (!is_in_line(job)) return;
  line_.remove(slot);
  unsettle(job);
  if (job.conditions != nullptr) timers_.erase({job.conditions->due, job.order});
}

void TaskQueue::stop_running(Job& job) {
  const std::uint32_t moved = engines_.vacate(job.engine, job.seat);
  if (moved != kNone) jobs_[moved].seat = job.seat;
}

void TaskQueue::start(std::uint32_t slot, std::uint32_t engine) {
  Job& job = jobs_[slot];
  job.engine = engine;
  job.run = next_run_++;
  TaskEngine& to = engines_[engine];
  if (engines_.goes_by_pace(to)) {
    if (to.load == 0)
      to.pace.begin(now_);
    else if (stall_check_ == TimePoint::max())
      stall_check_ = now_ + Pace::kStall;
  }
  job.seat = engines_.occupy(engine, slot);
  job.unpack();
  output_.run(job, to);
}

// Of a job that is in no queue.
TaskQueue::Try TaskQueue::try_run(std::uint32_t slot) {
  if (engines_.room() == 0) return Try::not_now;
  const Job& job = jobs_[slot];
  candidates_.clear();
  loads_.clear();
  if (is_placed(job)) {
    for (const std::uint32_t number : engines_.by_use()) {
      const TaskEngine& engine = engines_[number];
      if (!engines_.has_room(engine) || (job.is_ours && !engine.extensions)) continue;
      if (job.where != nullptr && !engines_.includes(*job.where, engine)) continue;
      candidates_.push_back(number);
      loads_.push_back(engine.load);
    }
  }
  if (candidates_.empty()) {
    if (!is_hopeless(job)) return Try::not_now;
    fail(slot, TaskFailure::impossible_dependency);
    return Try::failed;
  }
  start(slot, candidates_[policy_->choose(loads_)]);
  return Try::ran;
}

Job* TaskQueue::next_plain() {
  while (!plain_.empty()) {
    Job* job = live(plain_.front());
    if (job != nullptr && job->state == Job::State::queued) return job;
    plain_.pop_front();
  }
  return nullptr;
}

void TaskQueue::dispatch() {
  while (engines_.room() > 0) {
    while (!hopeless_.empty() || !engines_.deserted().empty()) fail_hopeless();
    const Job* plain = next_plain();
    std::uint32_t slot = line_.first(engines_.room_mask());
    if (plain != nullptr && (slot == kNone || plain->order < jobs_[slot].order)) {
      slot = plain_.front().slot;
      plain_.pop_front();
    }
    if (slot == kNone) return;
    leave_queue(slot);
    try_run(slot);
  }
}

TaskQueue::Verdict TaskQueue::reply(std::string_view engine, std::string_view id,
                                    const ReplyFacts& facts, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.find(engine);
  const std::uint32_t known = ids_.get(id);
  if (number == kNone || (known & kStateBits) != kLive) return Verdict::drop;
  const std::uint32_t slot = known >> 2;
  Job& job = jobs_[slot];
  if (job.state != Job::State::running || job.engine != number) return Verdict::drop;
  const bool handed_back = facts.aborted && !facts.dependencies_met;
  TaskEngine& from = engines_[number];
  if (!handed_back && engines_.goes_by_pace(from)) {
    from.pace.answer(now);
    engines_.follow_pace(from);
  }
  stop_running(job);
  const bool may_retry = job.conditions != nullptr && job.conditions->retries > 0 && !job.cancelled;
  Verdict verdict = Verdict::forward;
  if (!facts.dependencies_met && !job.cancelled) {
    if (handed_back)
      take_back(slot);
    else
      rerun(slot);
    verdict = Verdict::rerun;
  } else if (!facts.ok && may_retry) {
    --job.conditions->retries;
    rerun(slot);
    verdict = Verdict::rerun;
  } else {
    if (!job.dependents.empty()) output_.pass_on();
    finish(slot, facts.ok, job.engine);
  }
  dispatch();
  tidy();
  return verdict;
}

void TaskQueue::rerun(std::uint32_t slot) {
  Job& job = jobs_[slot];
  job.order = next_order_++;
  job.resumed = false;
  if (!exclude(job, job.engine)) return fail(slot, TaskFailure::impossible_dependency);
  if (try_run(slot) == Try::not_now) enqueue(slot);
}

// It has not begun, and its engine is no choice any more: nothing is to be held against either.
void TaskQueue::take_back(std::uint32_t slot) {
  jobs_[slot].resumed = false;
  if (try_run(slot) != Try::not_now) return;
  enqueue(slot);
  if (is_in_line(jobs_[slot])) return;
  plain_.pop_back();
  const auto is_behind = [&](JobRef other) {
    const Job* job = live(other);
    return job != nullptr && job->state == Job::State::queued && job->order > jobs_[slot].order;
  };
  plain_.insert(std::find_if(plain_.begin(), plain_.end(), is_behind), ref(slot));
}

void TaskQueue::lose(std::uint32_t slot) {
  Job& job = jobs_[slot];
  stop_running(job);
  if (job.conditions != nullptr && job.conditions->retries > 0 && !job.cancelled) {
    --job.conditions->retries;
    rerun(slot);
  } else {
    fail(slot, TaskFailure::engine_lost, &engines_[job.engine]);
  }
}

void TaskQueue::undeliverable(std::string_view id, TimePoint now) {
  now_ = now;
  const std::uint32_t known = ids_.get(id);
  const std::uint32_t slot = known >> 2;
  if ((known & kStateBits) != kLive || jobs_[slot].state != Job::State::running) return;
  if (jobs_[slot].cancelled) {
    lose(slot);
  } else {
    stop_running(jobs_[slot]);
    take_back(slot);
  }
  dispatch();
}

void TaskQueue::fail(std::uint32_t slot, TaskFailure why, const TaskEngine* engine) {
  leave_queue(slot);
  jobs_[slot].unpack();
  output_.fail(jobs_[slot], why, engine);
  finish(slot, false, kNoEngine);
}

void TaskQueue::finish(std::uint32_t slot, bool ok, std::uint32_t engine) {
  Job& job = jobs_[slot];
  ids_.set(job.id, engine << 2 | (ok ? kCompleted : kFailed));
  if (!job.dependents.empty())
    finished_.push_back(
        {std::move(job.dependents), ok ? Outcome::completed : Outcome::failed, engine});
  job.state = Job::State::free;
  job.frames.clear();
  bytes_ -= std::exchange(job.bytes, 0);
  job.conditions.reset();
  job.dependents.clear();
  job.cancelled = job.resumed = false;
  engines_.release(job.base);
  engines_.release(job.where);
  free_.push_back(slot);
  if (!finished_.empty()) release_dependents();
}

// The memory of a great many tasks, when all of them are done.
void TaskQueue::tidy() {
  if (jobs_.size() <= kKeptSlots || free_.size() < jobs_.size()) return;
  jobs_.clear();
  jobs_.shrink_to_fit();
  std::vector<std::uint32_t>().swap(free_);
  plain_.clear();
  hopeless_.clear();
  line_.rebuild(line_.words());
}

void TaskQueue::engine_added(const std::string& uuid, bool extensions, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.number_of(uuid);
  TaskEngine& engine = engines_[number];
  engine.extensions = extensions;
  engine.drains = false;
  if (engine.alive) return;
  // If it was given up but is the same one, what it had may still be answered.
  std::erase_if(ends_, [number](const auto& end) { return end.second == number; });
  const auto joined = engines_.join(number);
  if (engine.load > 0) engine.pace.begin(now);
  if (joined.renumbered) {
    line_.rebuild(engines_.room_mask().size());
  } else if (joined.masked) {
    for (const Place* place : engine.places)
      for (const auto& [order, slot] : place->waiting)
        if (jobs_[slot].where == place && is_placed(jobs_[slot])) line_.open(slot);
  }
  if (extensions)
    strangers_.erase(number);
  else if (strangers_.insert(number).second)
    bar_waiting();
  dispatch();
}

void TaskQueue::engine_removed(std::string_view uuid, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.find(uuid);
  if (number == kNone || (!engines_[number].alive && !engines_[number].drains)) return;
  if (!std::exchange(engines_[number].drains, false)) engines_.leave(number);
  strangers_.erase(number);
  if (engines_[number].load > 0) ends_.emplace(now + kGrace, number);
  dispatch();
}

void TaskQueue::engine_slots(std::string_view uuid, unsigned slots, TimePoint now) {
  now_ = now;
  engines_.set_slots(engines_[engines_.number_of(uuid)], slots);
  dispatch();
}

void TaskQueue::engine_had_begun(std::string_view uuid, std::string_view last, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.find(uuid);
  if (number == kNone || engines_[number].alive) return;
  // One that runs several at a time answers in any order: any may have begun.
  if (engines_[number].slots != 1) return;
  const std::uint32_t known = ids_.get(last);
  const Job* const begun = (known & kStateBits) == kLive ? &jobs_[known >> 2] : nullptr;
  // If its answer has come, those of all before it have.
  const bool is_open =
      begun != nullptr && begun->state == Job::State::running && begun->engine == number;
  std::vector<std::uint32_t> slots;
  for (const std::uint32_t slot : engines_[number].running)
    if ((!is_open || jobs_[slot].run > begun->run) && !jobs_[slot].cancelled) slots.push_back(slot);
  std::sort(slots.begin(), slots.end(),
            [this](auto a, auto b) { return jobs_[a].order < jobs_[b].order; });
  for (const std::uint32_t slot : slots) {
    stop_running(jobs_[slot]);
    take_back(slot);
  }
  dispatch();
}

void TaskQueue::engine_drains(std::string_view uuid, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.find(uuid);
  if (number == kNone || !engines_[number].alive) return;
  engines_.leave(number);
  engines_[number].drains = true;
  dispatch();
}

TaskQueue::Cancelled TaskQueue::cancel(const std::vector<std::string>& ids, TimePoint now) {
  now_ = now;
  Cancelled result;
  for (const auto& id : ids) {
    const std::uint32_t known = ids_.get(id);
    if ((known & kStateBits) != kLive) continue;
    Job& job = jobs_[known >> 2];
    if (job.state == Job::State::running) {
      job.cancelled = true;
      result.running[engines_[job.engine].uuid].push_back(id);
    } else {
      result.withdrawn.push_back(id);
      fail(known >> 2, TaskFailure::withdrawn);
    }
  }
  dispatch();
  tidy();
  return result;
}

void TaskQueue::engine_passed(std::string_view uuid, std::uint64_t runs, TimePoint now) {
  now_ = now;
  const std::uint32_t number = engines_.find(uuid);
  if (number == kNone) return;
  std::vector<std::uint32_t> lost;
  for (const std::uint32_t slot : engines_[number].running)
    if (jobs_[slot].run <= runs) lost.push_back(slot);
  for (const std::uint32_t slot : lost) {
    if (!jobs_[slot].cancelled) {
      lose(slot);
      continue;
    }
    stop_running(jobs_[slot]);
    fail(slot, TaskFailure::withdrawn);
  }
  dispatch();
}

TimePoint TaskQueue::next_deadline() const {
  const TimePoint end =
      std::min(stall_check_, ends_.empty() ? TimePoint::max() : ends_.begin()->first);
  return timers_.empty() ? end : std::min(end, timers_.begin()->first.first);
}

// Whatever waits behind a long task can run elsewhere, or here when that has ended.
void TaskQueue::recall_stalled() {
  stall_check_ = TimePoint::max();
  for (const std::uint32_t number : engines_.by_use()) {
    TaskEngine& engine = engines_[number];
    if (engine.load <= std::max(engine.slots, 1U) || !engines_.goes_by_pace(engine)) continue;
    stall_check_ = now_ + Pace::kStall;
    if (!engine.pace.has_stalled(now_)) continue;
    engine.pace.restart();
    engines_.follow_pace(engine);
    output_.recall(engine);
  }
}

void TaskQueue::expire(TimePoint now) {
  now_ = now;
  if (stall_check_ <= now) recall_stalled();
  while (!timers_.empty() && timers_.begin()->first.first <= now)
    fail(timers_.begin()->second, TaskFailure::timeout);
  while (!ends_.empty() && ends_.begin()->first <= now) {
    auto lost = engines_[ends_.begin()->second].running;
    ends_.erase(ends_.begin());
    std::sort(lost.begin(), lost.end(),
              [this](auto a, auto b) { return jobs_[a].order < jobs_[b].order; });
    for (const std::uint32_t slot : lost) lose(slot);
  }
  dispatch();
  tidy();
}

}  // namespace ipc::sched
