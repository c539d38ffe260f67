// SPDX-License-Identifier: BSD-3-Clause
// The task queue's half about conditions: what a task waits for, where it may run, what is
// impossible.
#include <algorithm>
#include <iterator>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {

// Counts what has finished already and notes the others in awaited_. False if one is unknown.
bool TaskQueue::count(const Job& job, Dependency& dependency, bool follow) {
  dependency.size = static_cast<std::uint32_t>(dependency.ids.size());
  bool known = true;
  for (const auto& id : dependency.ids) {
    const Outcome how = outcome(id);
    if (id == job.id || how == Outcome::unknown)
      known = false;
    else if (how == Outcome::waiting)
      awaited_.push_back({{id_place(id), 0}, follow});
    else if (dependency.count(how) && follow)
      note_place(*job.conditions, id_place(id));
  }
  return known;
}

void TaskQueue::note_place(Conditions& conditions, std::uint32_t engine) {
  if (engine == kNoEngine) return void(conditions.nowhere = true);
  auto& places = conditions.places;
  const auto at = std::lower_bound(places.begin(), places.end(), engine);
  if (at == places.end() || *at != engine) places.insert(at, engine);
}

// Reads the conditions of a job that has come. False if it cannot ever run.
bool TaskQueue::accept(std::uint32_t slot, TaskFailure& why) {
  Job& job = jobs_[slot];
  Conditions& conditions = *job.conditions;
  why = TaskFailure::invalid_dependency;
  if (conditions.invalid) return false;
  awaited_.clear();
  const bool after_known = count(job, conditions.after, false);
  if (conditions.after.is_met()) {
    // One that is fulfilled already need not name known tasks only.
    conditions.after = {};
    awaited_.clear();
  } else if (!after_known) {
    return false;
  }
  if (conditions.after.is_unreachable()) return why = TaskFailure::impossible_dependency, false;
  if (!count(job, conditions.follow, true)) return false;
  if (conditions.follow.is_unreachable()) return why = TaskFailure::impossible_dependency, false;
  for (const Dependent& other : awaited_)
    jobs_[other.job.slot].dependents.push_back({ref(slot), other.follow});
  conditions.after.ids = {};
  conditions.follow.ids = {};
  if (!conditions.targets.empty()) {
    std::vector<std::uint32_t> engines;
    for (const auto& uuid : conditions.targets) engines.push_back(engines_.number_of(uuid));
    job.base = engines_.place(false, std::move(engines));
    conditions.targets = {};
  }
  find_place(job);
  return true;
}

// What it follows has run, and in one place if all of it counts.
bool TaskQueue::is_placed(const Job& job) {
  if (job.conditions == nullptr || job.conditions->follow.empty()) return true;
  const Conditions& conditions = *job.conditions;
  if (!conditions.follow.all) return !conditions.places.empty();
  return conditions.follow.is_met() && conditions.places.size() == 1 && !conditions.nowhere;
}

// Nothing that can still happen makes a place for it.
bool TaskQueue::is_hopeless(const Job& job) {
  if (job.conditions == nullptr) return false;
  if (job.conditions->follow.all && job.conditions->places.size() > 1) return true;
  return job.base != nullptr && !job.base->except && job.base->alive == 0;
}

void TaskQueue::find_place(Job& job) {
  engines_.release(job.where);
  if (job.conditions == nullptr || job.conditions->follow.empty()) {
    job.where = engines_.share(job.base);
    return;
  }
  auto engines = job.conditions->places;
  if (const Place* base = job.base; base != nullptr)
    std::erase_if(engines, [base](std::uint32_t engine) {
      const auto& list = base->engines;
      return std::binary_search(list.begin(), list.end(), engine) == base->except;
    });
  job.where = engines_.place(false, std::move(engines));
}

// It must not run on this engine again. False if that was the last of its targets.
bool TaskQueue::exclude(Job& job, std::uint32_t engine) {
  const bool has_targets = job.base != nullptr && !job.base->except;
  auto engines = job.base != nullptr ? job.base->engines : std::vector<std::uint32_t>();
  engines_.release(job.base);
  if (has_targets)
    std::erase(engines, engine);
  else
    engines.push_back(engine);
  const bool left = !has_targets || !engines.empty();
  job.base = engines_.place(!has_targets, std::move(engines));
  find_place(job);
  return left;
}

// It must not run where our extensions are not known.
void TaskQueue::bar_strangers(Job& job) {
  const bool has_targets = job.base != nullptr && !job.base->except;
  auto engines = job.base != nullptr ? job.base->engines : std::vector<std::uint32_t>();
  engines_.release(job.base);
  if (has_targets)
    std::erase_if(engines, [this](std::uint32_t engine) { return strangers_.contains(engine); });
  else
    engines.insert(engines.end(), strangers_.begin(), strangers_.end());
  job.base = engines_.place(!has_targets, std::move(engines));
  find_place(job);
}

// A stranger has come: what waits and is not for it is kept from it, and all keep their order.
void TaskQueue::bar_waiting() {
  const auto waits = [](const Job& job) {
    return job.state == Job::State::queued || job.state == Job::State::blocked;
  };
  if (std::none_of(jobs_.begin(), jobs_.end(),
                   [&](const Job& job) { return job.is_ours && waits(job); }))
    return;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    Job& job = jobs_[slot];
    if (!waits(job) || (!job.is_ours && !is_in_line(job))) continue;
    slots.push_back(slot);
    if (is_in_line(job)) line_.remove(slot), unsettle(job);
    if (job.is_ours) bar_strangers(job);
  }
  std::sort(slots.begin(), slots.end(),
            [this](std::uint32_t a, std::uint32_t b) { return jobs_[a].order < jobs_[b].order; });
  for (const std::uint32_t slot : slots) {
    line_.add(slot);
    if (jobs_[slot].state == Job::State::queued) settle(slot);
  }
  std::erase_if(plain_, [this](JobRef ref) {
    const Job* job = live(ref);
    return job == nullptr || is_in_line(*job);
  });
}

// It waits for an engine only: makes it findable, where engines come, go and have room.
void TaskQueue::settle(std::uint32_t slot) {
  Job& job = jobs_[slot];
  for (Place* place : {job.base, job.where})
    if (place != nullptr && !place->except && !place->engines.empty())
      place->waiting.emplace(job.order, slot);
  if (is_hopeless(job)) hopeless_.push_back(ref(slot));
  if (is_placed(job)) line_.open(slot);
}

void TaskQueue::unsettle(Job& job) {
  for (Place* place : {job.base, job.where})
    if (place != nullptr) place->waiting.erase(job.order);
}

// An engine has room to look at them: there is none for these.
void TaskQueue::fail_hopeless() {
  for (auto& deserted = engines_.deserted(); !deserted.empty();) {
    const Place* place = *deserted.begin();
    deserted.erase(deserted.begin());
    for (const auto& [order, slot] : place->waiting)
      if (jobs_[slot].base == place) hopeless_.push_back(ref(slot));
  }
  auto jobs = std::exchange(hopeless_, {});
  std::sort(jobs.begin(), jobs.end(),
            [this](JobRef a, JobRef b) { return jobs_[a.slot].order < jobs_[b.slot].order; });
  for (const JobRef ref : jobs) {
    const Job* job = live(ref);
    // A target may have come back.
    if (job != nullptr && job->state == Job::State::queued && is_hopeless(*job))
      fail(ref.slot, TaskFailure::impossible_dependency);
  }
}

void TaskQueue::release_dependents() {
  if (releasing_) return;
  releasing_ = true;
  while (!finished_.empty()) {
    const Finished task = std::move(finished_.back());
    finished_.pop_back();
    for (const Dependent& dependent : task.dependents)
      tell_dependent(dependent, task.outcome, task.engine);
  }
  releasing_ = false;
}

void TaskQueue::tell_dependent(const Dependent& dependent, Outcome how, std::uint32_t engine) {
  Job* job = live(dependent.job);
  if (job == nullptr) return;
  const std::uint32_t slot = dependent.job.slot;
  Conditions& conditions = *job->conditions;
  const std::size_t places = conditions.places.size();
  const bool right = (dependent.follow ? conditions.follow : conditions.after).count(how);
  if (dependent.follow && right) note_place(conditions, engine);
  // One that runs may need to know when it has to run again.
  if (job->state == Job::State::running) return;
  if (conditions.after.is_unreachable() || conditions.follow.is_unreachable())
    return fail(slot, TaskFailure::impossible_dependency);
  if (job->state == Job::State::blocked) {
    if (!conditions.after.is_met()) return;
    job->state = Job::State::queued;
  } else if (!dependent.follow || (places == conditions.places.size() && !is_placed(*job))) {
    return;
  } else {
    unsettle(*job);
  }
  find_place(*job);
  settle(slot);
}

}  // namespace ipc::sched
