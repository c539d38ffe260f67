// SPDX-License-Identifier: BSD-3-Clause
// A number for each message id, four bytes for each id of the usual shape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/string_map.hpp"

namespace ipc::wire {

/// Maps message ids to numbers; 0 means absent. Ids are `<prefix>_<counter>`, and a sender counts
/// up: each prefix has an array. Ids of other shapes are kept as strings. One thread.
class IdTable {
 public:
  /// 0 if the id was never set.
  std::uint32_t get(std::string_view id) const;
  void set(std::string_view id, std::uint32_t value);

 private:
  struct Parts {
    std::string_view prefix;
    std::uint64_t counter = 0;
    bool usual = false;
  };
  using Column = std::vector<std::uint32_t>;

  static Parts split(std::string_view id);
  const Column* column(std::string_view prefix) const;

  StringMap<Column> columns_;
  StringMap<std::uint32_t> others_;
  // Messages come in runs of one sender; elements of an unordered_map stay where they are.
  mutable const std::pair<const std::string, Column>* last_ = nullptr;
};

}  // namespace ipc::wire
