// SPDX-License-Identifier: BSD-3-Clause
// What a task waits for: other tasks, finished in a certain way.
#pragma once

#include <string>
#include <vector>

namespace ipc::sched {

/// How far a task has come.
enum class Outcome { unknown, waiting, completed, failed };

/// A set of tasks, and when it counts as done.
struct Dependency {
  std::vector<std::string> ids;
  bool all = true;       ///< every one of them; otherwise one is enough
  bool success = true;   ///< completed tasks count
  bool failure = false;  ///< failed tasks count

  bool empty() const { return ids.empty(); }
  bool counts(Outcome outcome) const {
    return (success && outcome == Outcome::completed) || (failure && outcome == Outcome::failed);
  }
  /// Finished, but in the wrong way.
  bool blocked_by(Outcome outcome) const {
    return (!success && outcome == Outcome::completed) || (!failure && outcome == Outcome::failed);
  }
};

/// True if the dependency is fulfilled; `outcome_of` maps an id to its Outcome. An empty one is.
template <class OutcomeOf>
bool is_met(const Dependency& d, OutcomeOf&& outcome_of) {
  if (d.empty()) return true;
  for (const auto& id : d.ids) {
    const bool counts = d.counts(outcome_of(id));
    if (counts && !d.all) return true;
    if (!counts && d.all) return false;
  }
  return d.all;
}

/// True if the dependency can never be fulfilled any more. An empty one is not.
template <class OutcomeOf>
bool is_unreachable(const Dependency& d, OutcomeOf&& outcome_of) {
  if (d.empty()) return false;
  for (const auto& id : d.ids) {
    const bool blocked = d.blocked_by(outcome_of(id));
    if (blocked && d.all) return true;
    if (!blocked && !d.all) return false;
  }
  return !d.all;
}

}  // namespace ipc::sched
