// SPDX-License-Identifier: BSD-3-Clause
// The order of events in two threads that libzmq makes, told to ThreadSanitizer: libzmq is not
// built with it, so a message's way from thread to thread is not seen. Nothing in other builds.
#pragma once

#include <cstddef>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>

#include <cstdint>
#endif

namespace ipc::net {

/// Whoever joined the same place is ordered: what came before a before() comes before what comes
/// after a later after(). Copies keep the places.
class Order {
 public:
#ifdef __SANITIZE_THREAD__
  void join(size_t place) {
    joined_ |= uint64_t{1} << place % kPlaces;
  }
  void before() const {
    each(__tsan_release);
  }
  void after() const {
    each(__tsan_acquire);
  }

 private:
  void each(void (*tell)(void*)) const {
    for (size_t i = 0; i < kPlaces; ++i)
      if (joined_ >> i & 1) tell(&places_[i]);
  }
  static constexpr size_t kPlaces = 64;
  static inline uint64_t places_[kPlaces];  // only their addresses matter
  uint64_t joined_ = 0;
#else
  void join(size_t) {}
  void before() const {}
  void after() const {}
#endif
};

}  // namespace ipc::net
