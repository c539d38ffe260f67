// SPDX-License-Identifier: BSD-3-Clause
// --reduce: partial results, and which of them become one next.
#include "cmd/ipmap/partials.hpp"

#include <algorithm>

namespace ipmap {

constexpr size_t kRow = 32;
// So many wait at most, whatever their levels.
constexpr size_t kLongRow = 2 * kRow;
// Large values are put together at once.
constexpr size_t kRowBytes = 8 << 20;

void Partials::add(std::uint64_t first, std::uint64_t count, std::string value, unsigned level) {
  auto after = segments_.upper_bound(first);
  if (value.empty() && after != segments_.begin()) {
    auto& [before, segment] = *std::prev(after);
    if (before + segment.count == first) {
      segment.count += count;
      return;
    }
  }
  segments_.emplace_hint(after, first, Segment{count, std::move(value), level});
}

PartialRow Partials::take(Place begin, Place end) {
  PartialRow row;
  row.first = begin == end ? 1 : begin->first;
  for (auto at = begin; at != end; ++at) {
    row.count = at->first + at->second.count - row.first;
    if (at->second.value.empty()) continue;
    row.level = std::max(row.level, at->second.level);
    row.values.push_back(std::move(at->second.value));
  }
  segments_.erase(begin, end);
  return row;
}

std::optional<PartialRow> Partials::take_row() {
  Run all, level;  // neighbours of any level, and of one
  std::uint64_t next = 0;
  unsigned last_level = 0;
  for (auto at = segments_.begin(); at != segments_.end(); ++at) {
    const Segment& segment = at->second;
    if (at->first != next) all = level = {at};
    next = at->first + segment.count;
    if (segment.value.empty()) continue;
    if (segment.level != last_level) level = {at};
    last_level = segment.level;
    for (Run* run : {&all, &level}) {
      ++run->values;
      run->bytes += segment.value.size();
    }
    if (level.values == kRow || (level.values > 1 && level.bytes >= kRowBytes))
      return take(level.begin, std::next(at));
    if (all.values == kLongRow) return take(all.begin, std::next(at));
  }
  return {};
}

PartialRow Partials::take_all() {
  return take(segments_.begin(), segments_.end());
}

}  // namespace ipmap
