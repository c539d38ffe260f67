// SPDX-License-Identifier: BSD-3-Clause
// A hash map by text that is asked with string_views.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ipc {

/// Hashes strings and string_views alike, so that a look-up makes no string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

template <class Value>
using StringMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace ipc
