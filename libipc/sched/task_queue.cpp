// SPDX-License-Identifier: BSD-3-Clause
// The task queue: which task runs where and when. Events and a clock in, decisions out.
#include "libipc/sched/task_queue.hpp"

#include <algorithm>
#include <limits>

namespace ipc::sched {
namespace {

// Numbers in the id table: two bits of state, then the job's slot or the engine where it ended.
constexpr std::uint32_t kLive = 1, kCompleted = 2, kFailed = 3, kStateBits = 3;
constexpr std::uint32_t kNoEngine = 0x3fffffff;
// Replies of a lost engine may still be under way for so long.
constexpr Duration kGrace = seconds(5);

}  // namespace

TaskQueue::TaskQueue(TaskOutput& output, std::unique_ptr<Policy> policy, unsigned limit)
    : output_(output), policy_(std::move(policy)), limit_(limit) {}

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

Outcome TaskQueue::outcome_on(std::string_view id, std::uint32_t engine) const {
  return ids_.get(id) >> 2 == engine ? outcome(id) : Outcome::waiting;
}

const TaskEngine* TaskQueue::find_engine(std::string_view uuid) const {
  const auto found = by_uuid_.find(uuid);
  return found == by_uuid_.end() ? nullptr : engines_[found->second].get();
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

Job* TaskQueue::live(Ref ref) {
  Job& job = jobs_[ref.slot];
  return job.order == ref.order && job.state != Job::State::free ? &job : nullptr;
}

bool TaskQueue::submit(std::string_view id, net::Frames& frames,
                       std::unique_ptr<Conditions> conditions, TimePoint now) {
  if (outcome(id) == Outcome::waiting) return false;
  const std::uint32_t slot = new_slot();
  Job& job = jobs_[slot];
  job.id.assign(id);
  std::swap(job.frames, frames);
  job.conditions = std::move(conditions);
  job.order = next_order_++;
  job.state = Job::State::running;  // in no queue yet
  ids_.set(id, slot << 2 | kLive);
  if (job.conditions == nullptr) {
    if (room_ == 0 || try_run(slot) != Try::ran) enqueue(slot, now);
    return true;
  }
  TaskFailure why{};
  if (!is_acceptable(job, why)) {
    fail(slot, why);
  } else if (!is_met(job.conditions->after, [this](const auto& i) { return outcome(i); }) ||
             try_run(slot) == Try::not_now) {
    enqueue(slot, now);
  }
  dispatch();
  return true;
}

bool TaskQueue::is_acceptable(const Job& job, TaskFailure& why) const {
  why = TaskFailure::invalid_dependency;
  const auto& conditions = *job.conditions;
  if (conditions.invalid) return false;
  const auto outcome_of = [this](const auto& id) { return outcome(id); };
  // A time dependency that is fulfilled already need not name known tasks only.
  const bool after_met = is_met(conditions.after, outcome_of);
  for (const Dependency* d : {&conditions.after, &conditions.follow}) {
    if (d == &conditions.after && after_met) continue;
    for (const auto& id : d->ids)
      if (id == job.id || outcome(id) == Outcome::unknown) return false;
    if (is_unreachable(*d, outcome_of)) return why = TaskFailure::impossible_dependency, false;
  }
  return true;
}

void TaskQueue::enqueue(std::uint32_t slot, TimePoint now) {
  Job& job = jobs_[slot];
  ++waiting_;
  job.state = Job::State::queued;
  if (job.conditions == nullptr && job.blacklist.empty())
    return void(plain_.push_back({slot, job.order}));
  if (job.conditions != nullptr) {
    const auto outcome_of = [this](const auto& id) { return outcome(id); };
    if (!is_met(job.conditions->after, outcome_of)) job.state = Job::State::blocked;
    index(slot);
    if (job.conditions->timeout.count() > 0) {
      job.timer = next_timer_++;
      due_.emplace(now + job.conditions->timeout, Due{{slot, job.order}, job.timer, 0});
    }
  }
  if (job.state == Job::State::queued) queued_.emplace(job.order, slot);
}

void TaskQueue::index(std::uint32_t slot) {
  const Job& job = jobs_[slot];
  for (const Dependency* d : {&job.conditions->after, &job.conditions->follow})
    for (const auto& id : d->ids)
      if (outcome(id) == Outcome::waiting) dependents_[id].push_back({slot, job.order});
}

void TaskQueue::leave_queue(Job& job) {
  if (job.state != Job::State::queued && job.state != Job::State::blocked) return;
  // A place in plain_ is passed over when its turn comes.
  --waiting_;
  queued_.erase(job.order);
  job.timer = 0;
}

void TaskQueue::free_slot(std::uint32_t engine) {
  TaskEngine& e = *engines_[engine];
  const bool had_room = has_room(e);
  if (e.load > 0) --e.load;
  if (e.alive && !had_room && has_room(e)) ++room_;
}

bool TaskQueue::has_target_left(const Job& job, bool alive_only) const {
  for (const auto& uuid : job.conditions->targets) {
    const auto found = by_uuid_.find(uuid);
    if (found == by_uuid_.end()) {
      if (!alive_only) return true;
    } else if (!job.blacklist.contains(found->second) &&
               (!alive_only || engines_[found->second]->alive)) {
      return true;
    }
  }
  return false;
}

bool TaskQueue::may_run_on(const Job& job, std::uint32_t engine) const {
  if (job.blacklist.contains(engine)) return false;
  if (job.conditions == nullptr) return true;
  const auto& targets = job.conditions->targets;
  if (!targets.empty() &&
      std::find(targets.begin(), targets.end(), engines_[engine]->uuid) == targets.end())
    return false;
  return is_met(job.conditions->follow, [&](const auto& id) { return outcome_on(id, engine); });
}

// Nothing that can still happen makes a place for it.
bool TaskQueue::is_hopeless(const Job& job) const {
  if (job.conditions == nullptr) return false;
  const Dependency& follow = job.conditions->follow;
  if (follow.all) {
    std::set<std::uint32_t> places;
    for (const auto& id : follow.ids)
      if (follow.counts(outcome(id))) places.insert(ids_.get(id) >> 2);
    places.erase(kNoEngine);
    if (places.size() > 1) return true;
  }
  return !job.conditions->targets.empty() && !has_target_left(job, true);
}

void TaskQueue::start(std::uint32_t slot, std::uint32_t engine) {
  Job& job = jobs_[slot];
  TaskEngine& e = *engines_[engine];
  job.state = Job::State::running;
  job.engine = engine;
  job.timer = 0;
  ++e.load;
  if (!has_room(e)) --room_;
  if (lru_.size() > 1 && lru_.back() != engine) {
    const auto at = std::find(lru_.begin(), lru_.end(), engine);
    std::rotate(at, at + 1, lru_.end());
  }
  output_.run(job, e);
}

TaskQueue::Try TaskQueue::try_run(std::uint32_t slot) {
  if (room_ == 0) return Try::not_now;
  const Job& job = jobs_[slot];
  const bool plain = job.conditions == nullptr && job.blacklist.empty();
  candidates_.clear();
  loads_.clear();
  for (const std::uint32_t engine : lru_) {
    if (!has_room(*engines_[engine]) || (!plain && !may_run_on(job, engine))) continue;
    candidates_.push_back(engine);
    loads_.push_back(engines_[engine]->load);
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
  scan_from_ = 0;
  while (room_ > 0) {
    const Job* plain = next_plain();
    const auto conditioned = queued_.lower_bound(scan_from_);
    if (conditioned != queued_.end() && (plain == nullptr || conditioned->first < plain->order)) {
      const auto [order, slot] = *conditioned;
      scan_from_ = order + 1;
      if (try_run(slot) == Try::ran) queued_.erase(order), --waiting_;
    } else if (plain != nullptr) {
      const std::uint32_t slot = plain_.front().slot;
      plain_.pop_front();
      --waiting_;
      try_run(slot);
    } else {
      return;
    }
  }
}

TaskQueue::Verdict TaskQueue::reply(std::string_view engine, std::string_view id,
                                    const ReplyFacts& facts, TimePoint now) {
  const auto found = by_uuid_.find(engine);
  const std::uint32_t known = ids_.get(id);
  if (found == by_uuid_.end() || (known & kStateBits) != kLive) return Verdict::drop;
  const std::uint32_t slot = known >> 2;
  Job& job = jobs_[slot];
  if (job.state != Job::State::running || job.engine != found->second) return Verdict::drop;
  free_slot(job.engine);
  const bool may_retry = job.conditions != nullptr && job.conditions->retries > 0 && !job.cancelled;
  Verdict verdict = Verdict::forward;
  if (!facts.dependencies_met && !job.cancelled) {
    rerun(slot, now);
    verdict = Verdict::rerun;
  } else if (!facts.ok && may_retry) {
    --job.conditions->retries;
    rerun(slot, now);
    verdict = Verdict::rerun;
  } else {
    finish(slot, facts.ok, job.engine);
  }
  dispatch();
  return verdict;
}

void TaskQueue::rerun(std::uint32_t slot, TimePoint now) {
  Job& job = jobs_[slot];
  job.blacklist.insert(job.engine);
  job.order = next_order_++;
  if (job.conditions != nullptr && !job.conditions->targets.empty() && !has_target_left(job, false))
    return fail(slot, TaskFailure::impossible_dependency);
  if (try_run(slot) == Try::not_now) enqueue(slot, now);
}

void TaskQueue::lose(std::uint32_t slot, TimePoint now) {
  Job& job = jobs_[slot];
  free_slot(job.engine);
  if (job.conditions != nullptr && job.conditions->retries > 0 && !job.cancelled) {
    --job.conditions->retries;
    rerun(slot, now);
  } else {
    fail(slot, TaskFailure::engine_lost, engines_[job.engine].get());
  }
}

void TaskQueue::undeliverable(std::string_view id, TimePoint now) {
  const std::uint32_t known = ids_.get(id);
  if ((known & kStateBits) != kLive || jobs_[known >> 2].state != Job::State::running) return;
  lose(known >> 2, now);
  dispatch();
}

void TaskQueue::fail(std::uint32_t slot, TaskFailure why, const TaskEngine* engine) {
  leave_queue(jobs_[slot]);
  jobs_[slot].state = Job::State::running;  // no longer anywhere
  output_.fail(jobs_[slot], why, engine);
  finish(slot, false, kNoEngine);
}

void TaskQueue::finish(std::uint32_t slot, bool ok, std::uint32_t engine) {
  Job& job = jobs_[slot];
  ids_.set(job.id, engine << 2 | (ok ? kCompleted : kFailed));
  if (!dependents_.empty()) finished_.push_back(job.id);
  job.state = Job::State::free;
  job.frames.clear();
  job.conditions.reset();
  job.blacklist.clear();
  job.cancelled = false;
  job.timer = 0;
  free_.push_back(slot);
  release_dependents();
}

void TaskQueue::release_dependents() {
  if (releasing_) return;
  releasing_ = true;
  while (!finished_.empty()) {
    const std::string id = std::move(finished_.back());
    finished_.pop_back();
    const auto found = dependents_.find(id);
    if (found == dependents_.end()) continue;
    const auto refs = std::move(found->second);
    dependents_.erase(found);
    for (const Ref ref : refs) look_at_dependent(ref);
  }
  releasing_ = false;
}

void TaskQueue::look_at_dependent(Ref ref) {
  Job* job = live(ref);
  if (job == nullptr || job->state == Job::State::running) return;
  const auto outcome_of = [this](const auto& id) { return outcome(id); };
  if (is_unreachable(job->conditions->after, outcome_of) ||
      is_unreachable(job->conditions->follow, outcome_of))
    return fail(ref.slot, TaskFailure::impossible_dependency);
  if (job->state != Job::State::blocked || !is_met(job->conditions->after, outcome_of)) return;
  job->state = Job::State::queued;
  queued_.emplace(job->order, ref.slot);
  scan_from_ = std::min(scan_from_, job->order);
}

void TaskQueue::engine_added(const std::string& uuid, bool extensions, TimePoint) {
  if (const auto known = by_uuid_.find(uuid); known != by_uuid_.end())
    return revive(known->second, extensions);
  auto engine = std::make_unique<TaskEngine>();
  engine->uuid = uuid;
  engine->identity = net::Frame(uuid);
  engine->extensions = extensions;
  const auto index = static_cast<std::uint32_t>(engines_.size());
  by_uuid_.emplace(uuid, index);
  engines_.push_back(std::move(engine));
  lru_.insert(lru_.begin(), index);
  ++room_;
  dispatch();
}

// It was given up, but is the same one: what it had may still be answered.
void TaskQueue::revive(std::uint32_t index, bool extensions) {
  TaskEngine& engine = *engines_[index];
  engine.extensions = extensions;
  if (engine.alive) return;
  engine.alive = true;
  std::erase_if(due_,
                [&](const auto& d) { return d.second.timer == 0 && d.second.engine == index; });
  lru_.insert(lru_.begin(), index);
  if (has_room(engine)) ++room_;
  dispatch();
}

void TaskQueue::engine_removed(std::string_view uuid, TimePoint now) {
  const auto found = by_uuid_.find(uuid);
  if (found == by_uuid_.end() || !engines_[found->second]->alive) return;
  TaskEngine& engine = *engines_[found->second];
  if (has_room(engine)) --room_;
  engine.alive = false;
  std::erase(lru_, found->second);
  if (engine.load > 0) due_.emplace(now + kGrace, Due{{}, 0, found->second});
  dispatch();
}

TaskQueue::Cancelled TaskQueue::cancel(const std::vector<std::string>& ids, TimePoint) {
  Cancelled result;
  for (const auto& id : ids) {
    const std::uint32_t known = ids_.get(id);
    if ((known & kStateBits) != kLive) continue;
    Job& job = jobs_[known >> 2];
    if (job.state == Job::State::running) {
      job.cancelled = true;
      result.running[engines_[job.engine]->uuid].push_back(id);
    } else {
      result.withdrawn.push_back(id);
      fail(known >> 2, TaskFailure::withdrawn);
    }
  }
  dispatch();
  return result;
}

TimePoint TaskQueue::next_deadline() const {
  return due_.empty() ? TimePoint::max() : due_.begin()->first;
}

void TaskQueue::expire(TimePoint now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const Due due = due_.begin()->second;
    due_.erase(due_.begin());
    if (due.timer != 0) {
      Job* job = live(due.job);
      if (job != nullptr && job->timer == due.timer) fail(due.job.slot, TaskFailure::timeout);
      continue;
    }
    for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot)
      if (jobs_[slot].state == Job::State::running && jobs_[slot].engine == due.engine)
        lose(slot, now);
  }
  dispatch();
}

}  // namespace ipc::sched
