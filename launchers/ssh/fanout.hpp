// SPDX-License-Identifier: BSD-3-Clause
// The same for many hosts, some at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace ipc::ssh {

/// Calls `act(i)` for each i below `n`, at most `width` at a time, each in one of as many threads.
/// Returns when all have returned. What they share they only read.
template <class Act>
void for_each_at_once(size_t n, int width, const Act& act) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) act(i);
  };
  std::vector<std::jthread> threads;
  for (size_t t = 1; t < std::min(n, static_cast<size_t>(width)); ++t) threads.emplace_back(work);
  work();
}

}  // namespace ipc::ssh
