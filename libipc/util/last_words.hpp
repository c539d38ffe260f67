// SPDX-License-Identifier: BSD-3-Clause
// Why a process's log ends as it does.
#pragma once

#include <string>

namespace ipc {

/// The last lines of a log as `; last words: "…"`, without those that say all is well; "" if there
/// are none.
std::string last_words(const std::string& log);

}  // namespace ipc
