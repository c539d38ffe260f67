// SPDX-License-Identifier: BSD-3-Clause
// The keys a profile may have: one table is the check, the documentation and the defaults.
#pragma once

#include <span>
#include <string_view>

namespace ipc::config {

enum class Type { text, integer, number, duration, list, map, groups };

/// One key. Text with static storage.
struct Key {
  std::string_view name;  ///< "engines.n"
  Type type;
  std::string_view fallback;     ///< the built-in value, empty: none
  std::string_view environment;  ///< variable that sets it, empty: none
  std::string_view help;         ///< one line
};

/// All keys, sections together.
std::span<const Key> keys();
/// The key of that name, or null.
const Key* find_key(std::string_view name);
/// What a value of this type looks like, for messages: "a whole number", "a list" …
std::string_view type_text(Type type);

}  // namespace ipc::config
