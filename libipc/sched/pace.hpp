// SPDX-License-Identifier: BSD-3-Clause
// How many tasks an engine should hold so that it never waits for the next one.
#pragma once

#include <algorithm>

#include "libipc/util/clock.hpp"

namespace ipc::sched {

/// Learns from the answers of one engine how many tasks it works off in kAhead: so many it may
/// hold. Tasks that take longer than that it gets one at a time, and so does an engine that is new.
/// Events and a clock in, a number out.
class Pace {
 public:
  /// Work that is held ahead: some round trips to the engine, and no time that people notice.
  static constexpr Duration kAhead = milliseconds(5);
  static constexpr unsigned kMost = 64;
  /// An engine that holds several tasks and answers none for so long has met a long one.
  static constexpr Duration kStall = milliseconds(20);

  unsigned limit() const { return limit_; }
  /// It had nothing to do and has a task now.
  void begin(TimePoint now) { since_ = now; }
  /// It has answered one.
  void answer(TimePoint now) {
    busy_ += now - since_;
    since_ = now;
    restarted_ = false;
    ++answers_;
    // Answers come in batches, at one time: only a while tells how fast they are.
    if (busy_ < kShortest || (answers_ < kEnough && busy_ < kAhead)) return;
    const auto fit = static_cast<std::uint64_t>(answers_ * kAhead / busy_);
    limit_ = static_cast<unsigned>(std::clamp<std::uint64_t>(fit, 1, kMost));
    forget();
  }
  bool has_stalled(TimePoint now) const { return !restarted_ && now - since_ >= kStall; }
  /// What it holds is taken back; it begins anew.
  void restart() {
    limit_ = 1;
    restarted_ = true;
    forget();
  }

 private:
  static constexpr Duration kShortest = milliseconds(1);
  static constexpr int kEnough = 8;

  void forget() {
    busy_ = Duration(0);
    answers_ = 0;
  }

  TimePoint since_{};  // its last answer, or when it got something to do
  Duration busy_{0};   // of the answers counted
  int answers_ = 0;
  unsigned limit_ = 1;
  bool restarted_ = false;  // and nothing was answered since
};

}  // namespace ipc::sched
