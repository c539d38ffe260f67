// SPDX-License-Identifier: BSD-3-Clause
// Small text helpers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipc {

/// Fields between `separator`s; "" gives no field, "a,,b" gives three.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// `text` as one word of a POSIX shell.
std::string shell_quote(std::string_view text);

/// The candidate nearest to `word` if it is near enough to be meant (at most a third of it
/// differs); empty if none.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// `bytes` as JSON string text, with the quotes. Invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view bytes);

/// True if all of it is well-formed UTF-8.
bool is_utf8(std::string_view bytes);

/// `n` random bytes as lower-case hex digits, from the kernel's generator.
std::string random_hex(size_t n);

/// Equal without telling by its duration where the difference is.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace ipc
