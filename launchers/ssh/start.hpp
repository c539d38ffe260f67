// SPDX-License-Identifier: BSD-3-Clause
// The verb start: hosts are put on record, then asked to start their share.
#pragma once

#include <string>
#include <vector>

#include "libipc/config/launch.hpp"

namespace ipc::ssh {

/// Starts what is asked. What a host could not start is in the answer with state `ended`; an error
/// if that is so of all.
Result<std::vector<config::Launched>> start(const config::LaunchRequest& request);

/// What each host would be asked for, without asking; the keys of the cluster are left out.
Result<std::string> preview(const config::LaunchRequest& request);

}  // namespace ipc::ssh
