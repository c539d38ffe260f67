// SPDX-License-Identifier: BSD-3-Clause
// What an engine and its kernel agree on without a message: which requests have begun.
#pragma once

#include <atomic>
#include <cstdint>

namespace ipc {

/// In a page that both have mapped (kernels/README.md). Requests are numbered from 1, in the order
/// in which they are written to the kernel. Before the kernel begins one it stores its number in
/// `begun` and only then looks at `revoked`; a look before that keeps `begun` from naming what was
/// revoked long ago.
struct Claims {
  std::atomic<std::uint64_t> begun;    ///< stored by the kernel
  std::atomic<std::uint64_t> revoked;  ///< by the engine: what has not begun up to here must not

  /// For a kernel: false if it must not begin request `number`.
  bool begin(std::uint64_t number) {
    if (revoked.load() >= number) return false;
    begun.store(number);
    return revoked.load() < number;
  }
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(Claims) == 16);

}  // namespace ipc
