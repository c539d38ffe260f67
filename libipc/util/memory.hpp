// SPDX-License-Identifier: BSD-3-Clause
// The allocator of a process that passes messages on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ipc {

/// Freed blocks, however large, are used again instead of being returned to the system: for large
/// messages the faults of fresh memory cost more than the copies. For the start of main, before
/// there are threads; whoever calls it keeps a SpareMemory, too. No effect where malloc is not
/// glibc's.
void keep_freed_memory();

/// Bytes of this process in memory; 0 if that cannot be told.
std::size_t resident_bytes();

/// Bytes of memory this process could have: the machine's, or what its control group is allowed.
std::uint64_t usable_memory();

/// Gives back to the system what a burst has left in the allocator. One for a process; one thread.
class SpareMemory {
 public:
  /// To be called every few seconds. A busy process keeps its memory for ten calls more.
  void look(bool busy);

 private:
  std::size_t least_ = 0;  // what was spare after the last time, and before
  int busy_ = 0;           // calls that were put off
};

}  // namespace ipc
