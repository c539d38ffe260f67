// SPDX-License-Identifier: BSD-3-Clause
// Limits of what runs in a kernel: time and memory.
#pragma once

#include <cstdint>
#include <string>

#include "libipc/engine/kernel.hpp"

namespace ipc::engine {

/// 0: no limit.
struct Limits {
  std::uint64_t memory = 0;  ///< resident bytes of the kernel and the processes it started
  Duration task_time{0};     ///< of one request
};

/// Resident bytes of a process and its descendants; what they share counts for each.
std::uint64_t resident_bytes(pid_t root);

/// Watches the request that runs; has no timers while none does. A request over its time is
/// interrupted, and its kernel killed if that does not end it; a kernel over its memory is killed.
class Watchdog {
 public:
  static constexpr Duration kGrace = seconds(2), kLook = milliseconds(100);

  Watchdog(net::Loop& loop, Limits limits) : loop_(loop), limits_(limits) {}
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Request `msg_id` runs in `kernel` from now on; the kernel outlives that.
  void began(Kernel& kernel, const std::string& msg_id);
  /// Interrupts the request that runs, now: as if it had had its time. `why` is the verdict.
  void interrupt(Kernel& kernel, const std::string& msg_id, std::string why);
  /// It does not any more. Why it was interrupted by us, or nothing.
  std::string ended();

 private:
  void stop();
  void too_long();
  void look_at_memory();

  net::Loop& loop_;
  const Limits limits_;
  Kernel* kernel_ = nullptr;
  std::string msg_id_, verdict_;
  net::Loop::TimerId time_ = 0, memory_ = 0;
};

}  // namespace ipc::engine
