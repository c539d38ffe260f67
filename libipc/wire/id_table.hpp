// SPDX-License-Identifier: BSD-3-Clause
// A number for each message id, four bytes for each id of the usual shape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ipc::wire {

/// Maps message ids to numbers; 0 means absent. Ids are `<prefix>_<counter>`, and a sender counts
/// up: each prefix has an array. Ids of other shapes are kept as strings. One thread.
class IdTable {
 public:
  /// 0 if the id was never set.
  std::uint32_t get(std::string_view id) const;
  void set(std::string_view id, std::uint32_t value);

 private:
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Text, std::equal_to<>>;
  struct Parts {
    std::string_view prefix;
    std::uint64_t counter = 0;
    bool usual = false;
  };
  using Column = std::vector<std::uint32_t>;

  static Parts split(std::string_view id);
  const Column* column(std::string_view prefix) const;

  Map<Column> columns_;
  Map<std::uint32_t> others_;
  // Messages come in runs of one sender; elements of an unordered_map stay where they are.
  mutable const std::pair<const std::string, Column>* last_ = nullptr;
};

}  // namespace ipc::wire
