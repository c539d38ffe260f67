// SPDX-License-Identifier: BSD-3-Clause
// text.hpp: bytes as JSON text, lists, names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ipkit::kernel {

/// A JSON string; bytes that are not UTF-8 become lone surrogates (\udc80 to \udcff).
std::string json_string(std::string_view bytes);

/// A JSON list of strings.
std::string json_list(const std::vector<std::string_view>& items);

/// The parts of data, each ended by `end` (the last one may lack it).
std::vector<std::string_view> split(std::string_view data, char end);

/// True for a name that is not one of the kernel's own.
bool is_name(std::string_view text);

/// "Killed" and the like; empty for a number that is no signal.
std::string signal_name(int number);

}  // namespace ipkit::kernel
