// SPDX-License-Identifier: BSD-3-Clause
// How many items a request has.
#include <algorithm>

#include "cmd/ipmap/results.hpp"

namespace ipmap {

constexpr double kBusySeconds = 0.010;
// On a far or a busy machine; more would leave engines without work at the end.
constexpr double kMostSeconds = 0.2;
constexpr size_t kMostItems = 1'000'000;
// A request may have so many times the items of the one just measured, no more: one fast item says
// little of the next thousand.
constexpr size_t kGrowth = 8;

void Pace::measured(size_t count, double busy, double turnaround) {
  if (count == 0 || busy <= 0) return;
  const double now = busy / static_cast<double>(count);
  const double wanted = std::clamp(turnaround - 2 * busy, kBusySeconds, kMostSeconds);
  per_item_ = per_item_ == 0 || count >= wanted_ / 2 ? now : 0.7 * per_item_ + 0.3 * now;
  const double ideal = std::min(wanted / per_item_, static_cast<double>(kMostItems));
  wanted_ = std::clamp<size_t>(static_cast<size_t>(ideal), 1, std::max<size_t>(count, 1) * kGrowth);
}

}  // namespace ipmap
