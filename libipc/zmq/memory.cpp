// SPDX-License-Identifier: BSD-3-Clause
// Large pages for large messages. libzmq takes the memory for what it receives from malloc, and
// with a page fault for every 4 kB that costs more than to receive it: a third of the time that a
// 200 MB message is on its way. Where large pages are to be had for the asking (`madvise` in
// /sys/kernel/mm/transparent_hugepage/enabled, as most systems have it), this asks.
//
// In programs that link libzmq's archive, the linker has every call of malloc go here
// (-Wl,--wrap=malloc; not those inside shared libraries). What is allocated is not touched.
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace {
// Smaller blocks gain little and could hold a page of 2 MB each.
constexpr size_t kLarge = 4 << 20;
constexpr std::uintptr_t kPage = 4096;
}  // namespace

extern "C" {

void* __real_malloc(size_t size);

void* __wrap_malloc(size_t size) {
  void* block = __real_malloc(size);
  if (size < kLarge || block == nullptr) return block;
  const auto begin = (reinterpret_cast<std::uintptr_t>(block) + kPage - 1) & -kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(block) + size) & -kPage;
  // Refused where there are none: then it is as it was.
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  return block;
}

}  // extern "C"
