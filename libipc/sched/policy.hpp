// SPDX-License-Identifier: BSD-3-Clause
// Which of the engines that could run a task gets it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::sched {

/// A scheduling scheme. One thread.
class Policy {
 public:
  virtual ~Policy() = default;
  /// `loads` are the outstanding tasks of the candidates, least recently used first, never empty.
  /// Returns the index of the one that gets the task.
  virtual std::size_t choose(std::span<const unsigned> loads) = 0;
};

/// leastload, lru, plainrandom, twobin, weighted or pure: engines in turn, as lru, for clients that
/// ask for nothing more. A name with a slash is a file (load_policy). Code::usage for other names.
Result<std::unique_ptr<Policy>> make_policy(std::string_view name);

}  // namespace ipc::sched
