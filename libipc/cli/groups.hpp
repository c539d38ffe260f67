// SPDX-License-Identifier: BSD-3-Clause
// The groups of a profile, for targets such as @gpu.
#pragma once

#include "libipc/cli/command.hpp"
#include "libipc/cli/targets.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// What the profile that the command line names has under `groups`. Asks `ipcluster groups`, as
/// reading profiles would slow the start of every program that links it; at most 10 s. An error
/// has the code and text that ipcluster ended with.
Result<Groups> load_groups(const Arguments& arguments);

/// Reads what `ipcluster groups` prints: a line `NAME<TAB>SET` for each.
Groups parse_groups(std::string_view text);

/// select_targets with the groups of the profile, which are looked up only if `choice` has an @.
Result<std::vector<int>> select_engines(const Arguments& arguments, const TargetChoice& choice,
                                        const client::EngineTable& table);

}  // namespace ipc::cli
