// SPDX-License-Identifier: BSD-3-Clause
// The allocator of a process that passes messages on.
#include "libipc/util/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ipc {
namespace {

constexpr std::size_t kSlack = 2u << 20;  // resident and free, beyond what cannot be given back
constexpr int kBusyLooks = 10;

// Bytes that are in memory and not in use: the allocator's, and what it does not know of.
std::size_t spare_bytes() {
  std::size_t used = 0;
#ifdef __GLIBC__
  const auto info = ::mallinfo2();
  used = info.uordblks + info.hblkhd;
#endif
  const std::size_t resident = resident_bytes();
  return resident > used ? resident - used : 0;
}

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  // Blocks of threads' own arenas are never larger than 64 MB: those are mapped, and unmapped when
  // freed. The main arena has no such limit.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
#endif
}

std::size_t resident_bytes() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t usable_memory() {
  auto most = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
              static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  // The group at the top of what we see: a container's own. `max` is no number.
  for (const char* const path : {"/sys/fs/cgroup/memory.max",
                                 "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    unsigned long long limit = 0;
    std::FILE* const file = std::fopen(path, "re");
    if (file == nullptr) continue;
    if (std::fscanf(file, "%llu", &limit) == 1 && limit > 0)
      most = std::min<std::uint64_t>(most, limit);
    std::fclose(file);
  }
  return most;
}

void SpareMemory::look(bool busy) {
  busy_ = busy ? busy_ + 1 : 0;
  if (busy_ % (kBusyLooks + 1) != 0) return;
  const std::size_t spare = spare_bytes();
  // A larger process may have more of it: to look for it costs more, too.
  if (spare < least_ + std::max(kSlack, least_ / 8)) return void(least_ = std::min(least_, spare));
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  least_ = spare_bytes();
}

}  // namespace ipc
