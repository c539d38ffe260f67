// SPDX-License-Identifier: BSD-3-Clause
// The two halves of parsing: where the options end, and what they say.
#pragma once

#include <span>
#include <string>

#include "libipc/cli/command.hpp"

namespace ipc::cli {

/// Cuts the words into option words and operands. Option words are left in `arguments.options` in
/// their long form, raw: name and value, the value empty for flags. Unknown and unfinished options
/// are Code::usage.
Status cut_words(const Command& command, std::span<const Option> rows,
                 std::span<const std::string> words, Arguments& arguments);

/// Replaces the raw options by what cxxopts makes of them; refuses value options given twice.
Status read_options(const Command& command, std::span<const Option> rows, Arguments& arguments);

}  // namespace ipc::cli
