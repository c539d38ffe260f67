// SPDX-License-Identifier: BSD-3-Clause
// How far work that takes long has come: a line at the bottom of a terminal, or plain lines.
#pragma once

#include <cstdint>
#include <string>

#include "libipc/net/loop.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::cli {

/// What there is to show. `total` 0: not known (yet).
struct ProgressState {
  std::uint64_t done = 0, failed = 0, total = 0;
  Duration elapsed{};
  bool bytes = false;  ///< of what is counted; else pieces of work
};

/// The line without its line end: a bar if the total is known, and rate and time left if `eta`.
std::string progress_line(const ProgressState& state, bool bar, bool eta, int columns);

/// Draws on stderr: on a terminal, if we are in its foreground, one line that is drawn anew;
/// elsewhere, if `plain`, a line from time to time, the first after ten seconds.
class Progress {
 public:
  Progress(bool bar, bool eta, bool plain = false);
  bool enabled() const { return on_terminal_ || plain_; }
  /// At most ten times a second on a terminal, each ten seconds elsewhere; the rest is ignored.
  void draw(const ProgressState& state);
  /// Removes the line: before anything else is written to the terminal, and at the end.
  void clear();

 private:
  void draw_line(const ProgressState& state, TimePoint now);

  bool bar_, eta_, on_terminal_ = false, plain_ = false, drawn_ = false;
  TimePoint last_{};
};

/// Counts what takes longer than a second, and shows it on a terminal; elsewhere, or if `quiet`,
/// nothing. Drawn by timers of the loop, which has to outlive it.
class Meter {
 public:
  Meter(net::Loop& loop, std::uint64_t total, bool bytes, bool quiet);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  bool enabled() const { return progress_.enabled(); }
  void add(std::uint64_t done) { state_.done += done; }
  void count(std::uint64_t done, std::uint64_t failed = 0);
  /// Before anything else is written to the terminal.
  void clear() { progress_.clear(); }

 private:
  void draw();

  net::Loop& loop_;
  Progress progress_;
  ProgressState state_;
  TimePoint begin_ = Clock::now();
  net::Loop::TimerId timer_ = 0;
};

}  // namespace ipc::cli
