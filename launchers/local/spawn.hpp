// SPDX-License-Identifier: BSD-3-Clause
// Starting processes that do not run before they are on record.
#pragma once

#include <vector>

#include "launchers/local/record.hpp"

namespace ipc::local {

/// Starts what is asked, each in a session of its own, writes all to the record, and only then
/// lets them run: what is not on record never ran. On an error none is left.
/// `id` is for those whose id is not that of one process.
Result<std::vector<Entry>> spawn_all(const config::LaunchRequest& request, Record& record,
                                     const std::string& id = "");

}  // namespace ipc::local
