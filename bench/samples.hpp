// SPDX-License-Identifier: BSD-3-Clause
// What the measuring programs share: samples, percentiles, one line for each figure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double micros_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// The value below which `share` (0..1) of the samples lie, by the nearest rank; reorders them.
/// 0 if there are none.
inline double percentile(std::vector<double>& samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(share * static_cast<double>(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank),
                   samples.end());
  return samples[rank];
}

/// Prints `name value unit`, the form bench/harness.py reads.
inline void print_figure(const char* name, double value, const char* unit) {
  std::printf("%s %.3f %s\n", name, value, unit);
}

/// Figures of one run: latencies in microseconds, and how long `count` of them took together.
inline void print_run(std::vector<double>& latencies, size_t count, double total_micros) {
  print_figure("p50", percentile(latencies, 0.50), "us");
  print_figure("p99", percentile(latencies, 0.99), "us");
  print_figure("rate", static_cast<double>(count) / total_micros * 1e6, "tasks/s");
}

}  // namespace bench
