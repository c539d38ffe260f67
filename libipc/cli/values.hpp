// SPDX-License-Identifier: BSD-3-Clause
// Values on the command line, in: `k=v` and what v may be.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/push.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// True for a name that Python and the shell take for a variable (ASCII letters, digits, `_`).
bool is_identifier(std::string_view name);

/// True if all of it is one JSON number, as `x` of ipmap is typed.
bool is_json_number(std::string_view text);

/// A value without a name. `plain` (-s): the text as it is. Else `@FILE` and `@-` (stdin, once) are
/// read: .json .npy typed, .txt .csv .tsv text, else bytes; `ref:NAME` is a reference; what is JSON
/// is JSON; the rest is text. Code::no_input: no such file; Code::bad_input: a .json file that is
/// not JSON.
Result<client::PushValue> parse_value(std::string_view text, bool plain);

/// One `k=v`. Code::usage: no `=`, a name that is none.
Result<client::PushValue> parse_assignment(std::string_view word, bool plain);

/// All operands; a name given twice, or stdin asked for twice, is Code::usage.
Result<std::vector<client::PushValue>> parse_assignments(std::span<const std::string> words,
                                                         bool plain);

}  // namespace ipc::cli
