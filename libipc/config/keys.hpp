// SPDX-License-Identifier: BSD-3-Clause
// The keys a profile may have: one table is the check, the documentation and the defaults.
#pragma once

#include <span>
#include <string_view>

#include "libipc/util/clock.hpp"

namespace ipc::config {

enum class Type { text, integer, number, duration, walltime, list, map, groups };

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

/// A duration (90m, 4h), or as batch systems have it: HH:MM:SS or D-HH:MM:SS. Code::bad_profile.
Result<Duration> parse_walltime(std::string_view text);

}  // namespace ipc::config
