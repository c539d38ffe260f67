// SPDX-License-Identifier: BSD-3-Clause
// What a task waits for: other tasks, finished in a certain way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ipc::sched {

/// How far a task has come.
enum class Outcome { unknown, waiting, completed, failed };

/// A set of tasks, and when it counts as done. The finished ones are counted, once each, so that
/// the answer does not need a look at all of them.
struct Dependency {
  std::vector<std::string> ids;  ///< as they came; nobody needs them once they are counted
  bool all = true;               ///< every one of them; otherwise one is enough
  bool success = true;           ///< completed tasks count
  bool failure = false;          ///< failed tasks count
  std::uint32_t size = 0;        ///< of ids
  std::uint32_t met = 0;         ///< finished in the right way
  std::uint32_t missed = 0;      ///< finished, but in the wrong way

  bool empty() const { return size == 0; }
  /// One of them finished; true if that was the right way.
  bool count(Outcome outcome) {
    const bool right = outcome == Outcome::completed ? success : failure;
    ++(right ? met : missed);
    return right;
  }
  /// True if it is fulfilled. An empty one is.
  bool is_met() const { return all ? met == size : met > 0 || empty(); }
  /// True if it can never be fulfilled any more. An empty one is not.
  bool is_unreachable() const { return all ? missed > 0 : missed == size && !empty(); }
};

}  // namespace ipc::sched
