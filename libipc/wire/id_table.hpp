// SPDX-License-Identifier: BSD-3-Clause
// A number for each message id, about one byte for each id of the usual shape.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/string_map.hpp"

namespace ipc::wire {

/// Maps message ids to numbers; 0 means absent. Ids are `<prefix>_<counter>`, and a sender counts
/// up: each prefix has an array. Ids of other shapes are kept as strings. One thread.
///
/// Made for numbers that become few in the end (how a task ended, and where): blocks of the array
/// with at most 256 different ones take a byte for each.
class IdTable {
 public:
  /// 0 if the id was never set.
  std::uint32_t get(std::string_view id) const;
  void set(std::string_view id, std::uint32_t value);

  /// Memory of the arrays.
  std::size_t bytes() const;

 private:
  struct Parts {
    std::string_view prefix;
    std::uint64_t counter = 0;
    bool usual = false;
  };
  // Numbers as they are, or their places in a palette.
  struct Block {
    std::vector<std::uint32_t> wide, palette;
    std::vector<std::uint8_t> packed;

    std::uint32_t get(std::size_t i) const;
    /// True if it had to be unpacked.
    bool set(std::size_t i, std::uint32_t value);
    bool pack();
  };
  using Column = std::vector<Block>;

  static Parts split(std::string_view id);
  const Column* column(std::string_view prefix) const;
  void set(Column& column, std::uint64_t counter, std::uint32_t value);
  void pack_some();

  StringMap<Column> columns_;
  StringMap<std::uint32_t> others_;
  // Messages come in runs of one sender; elements of an unordered_map stay where they are.
  mutable const std::pair<const std::string, Column>* last_ = nullptr;
  std::deque<std::pair<Column*, std::size_t>> loose_;  // full blocks that are not packed
  std::size_t sets_ = 0;
};

}  // namespace ipc::wire
