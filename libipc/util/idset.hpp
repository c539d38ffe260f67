// SPDX-License-Identifier: BSD-3-Clause
// Sets of engine ids as text: "0-3,7".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc {

/// "0-3,7"; the ids need not be sorted or unique. Empty for none.
std::string format_idset(std::span<const int> ids);

/// Ids in ascending order, each once. At most a million; Code::usage names the part that is wrong.
Result<std::vector<int>> parse_idset(std::string_view text);

}  // namespace ipc
