// SPDX-License-Identifier: BSD-3-Clause
// How two texts differ, line by line.
#pragma once

#include <string>
#include <string_view>

namespace ipc {

/// In the unified format of diff(1), three lines of context; empty if they are equal. A last line
/// without newline is one with it. Texts that differ in very many lines are shown as replaced from
/// the first to the last of these.
std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view before_label, std::string_view after_label);

}  // namespace ipc
