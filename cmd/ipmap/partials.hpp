// SPDX-License-Identifier: BSD-3-Clause
// --reduce: partial results, and which of them become one next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ipmap {

/// Neighbours in input order.
struct PartialRow {
  std::uint64_t first = 1, count = 0;  ///< the items they stand for
  unsigned level = 0;                  ///< how often these were put together already
  std::vector<std::string> values;     ///< as the engines made them
};

/// Partial results, whose order matters and whose grouping does not. Those of one level are put
/// together, many at a time, so that each value travels few times and few are held.
class Partials {
 public:
  /// What items first…first+count-1 became; an empty value: nothing, they failed.
  void add(std::uint64_t first, std::uint64_t count, std::string value, unsigned level = 0);
  /// Takes what may be put together now; nothing while it is worth waiting for more.
  std::optional<PartialRow> take_row();
  /// Takes everything.
  PartialRow take_all();

 private:
  struct Segment {
    std::uint64_t count;
    std::string value;
    unsigned level;
  };
  using Place = std::map<std::uint64_t, Segment>::iterator;
  struct Run {
    Place begin;
    size_t values = 0, bytes = 0;
  };
  PartialRow take(Place begin, Place end);

  std::map<std::uint64_t, Segment> segments_;  // by their first item
};

}  // namespace ipmap
