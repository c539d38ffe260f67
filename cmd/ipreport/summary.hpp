// SPDX-License-Identifier: BSD-3-Clause
// The numbers of a run.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cmd/ipreport/run.hpp"

namespace ipreport {

/// Of a set of times, seconds. All 0 for none.
struct Times {
  std::vector<double> sorted;
  double sum = 0;
  /// The value that a share `p` (0 to 1) of them does not exceed.
  double quantile(double p) const;
  double mean() const;
};

/// What one engine did.
struct LaneSummary {
  std::uint64_t tasks = 0, failed = 0;
  double busy = 0;     ///< seconds in which at least one task ran
  double longest = 0;  ///< seconds
};

struct Summary {
  std::array<std::uint64_t, 4> states{};  ///< by State
  std::uint64_t items = 0, failed_items = 0;
  bool has_maps = false;
  double seconds = 0;      ///< from the first submission to the last end
  double utilisation = 0;  ///< share of the engines' time in which they ran a task
  double rate = 0;         ///< tasks that ended, a second
  Times durations, waits;
  std::vector<LaneSummary> lanes;  ///< as Run::lanes
  std::vector<size_t> critical;    ///< the chain of tasks that took longest, first one first
  double critical_seconds = 0;

  std::uint64_t count(State state) const { return states[static_cast<size_t>(state)]; }
};

Summary summarise(const Run& run);

/// A part of a run's time, and how much of it a task ran: `visit(bin, seconds)` for each of `bins`
/// equal parts that [begin, end] touches.
template <class Visit>
void spread(const Run& run, ipc::UnixMicros begin, ipc::UnixMicros end, size_t bins,
            const Visit& visit) {
  const double width = run.seconds() / static_cast<double>(bins);
  const double from = static_cast<double>(begin - run.begin) / 1e6;
  const double to = static_cast<double>(end - run.begin) / 1e6;
  const auto last = static_cast<double>(bins - 1);
  const auto first_bin = static_cast<size_t>(std::min(std::max(from / width, 0.0), last));
  const auto last_bin = static_cast<size_t>(std::min(std::max(to / width, 0.0), last));
  for (size_t bin = first_bin; bin <= last_bin; ++bin) {
    const double left = std::max(from, static_cast<double>(bin) * width);
    const double right = std::min(to, static_cast<double>(bin + 1) * width);
    visit(bin, std::max(right - left, 0.0));
  }
}

}  // namespace ipreport
