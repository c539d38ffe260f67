// SPDX-License-Identifier: BSD-3-Clause
// A line of progress at the bottom of a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "libipc/util/clock.hpp"

namespace ipc::cli {

/// What there is to show. `total` 0: not known (yet).
struct ProgressState {
  std::uint64_t done = 0, failed = 0, total = 0;
  Duration elapsed{};
};

/// The line without its line end: a bar if the total is known, and the time left if `eta`.
std::string progress_line(const ProgressState& state, bool bar, bool eta, int columns);

/// Draws on stderr, only if that is a terminal and we are in its foreground.
class Progress {
 public:
  Progress(bool bar, bool eta);
  bool enabled() const { return enabled_; }
  /// At most ten times a second; the rest is ignored.
  void draw(const ProgressState& state);
  /// Removes the line: before anything else is written to the terminal, and at the end.
  void clear();

 private:
  bool bar_, eta_, enabled_, drawn_ = false;
  TimePoint last_{};
};

}  // namespace ipc::cli
