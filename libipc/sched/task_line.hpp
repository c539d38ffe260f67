// SPDX-License-Identifier: BSD-3-Clause
// Tasks with conditions in the order of their arrival, and which of them is next.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "libipc/sched/job.hpp"

namespace ipc::sched {

/// Finds the first job that one of the engines with room may run: a binary tree over the line, in
/// which each node has the engines that its part has a use for. Every operation is O(log n).
class TaskLine {
 public:
  explicit TaskLine(std::deque<Job>& jobs) : jobs_(jobs) { rebuild(1); }

  /// To the end of the line; not to be found before it is opened.
  void add(std::uint32_t slot);
  /// The job's place is as it shall be, or has become larger: from now on it can be found.
  void open(std::uint32_t slot);
  void remove(std::uint32_t slot);
  bool empty() const { return size_ == 0; }
  /// The slot of the first job that an engine of `room` may run, or kNone.
  std::uint32_t first(const EngineMask& room);
  /// Masks are new, of so many words.
  void rebuild(std::size_t words);
  std::size_t words() const { return words_; }

 private:
  const std::uint64_t* mask_of(std::uint32_t entry) const;
  void widen(std::size_t block, const std::uint64_t* mask);
  void narrow(std::size_t block);
  std::uint64_t* node(std::size_t index) { return &nodes_[index * words_]; }

  std::deque<Job>& jobs_;
  std::vector<std::uint32_t> entries_;  // slots and whether they are open, or kNone; whole blocks
  std::vector<std::uint64_t> nodes_;    // root at 1, children of i at 2i and 2i+1; leaf: a block
  std::vector<std::uint64_t> all_;
  std::size_t words_ = 1, leaves_ = 1, used_ = 0, size_ = 0;
};

}  // namespace ipc::sched
