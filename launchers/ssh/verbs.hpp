// SPDX-License-Identifier: BSD-3-Clause
// The verbs for what is on record: status, signal, stop.
#pragma once

#include <string_view>
#include <vector>

#include "libipc/config/launch.hpp"

namespace ipc::ssh {

/// Passes a verb to every host on record. What runs on a host that cannot be reached is taken for
/// running, with the reason; to stop it is an error, after the others have been stopped.
Result<std::vector<config::Launched>> act(std::string_view verb,
                                          const config::LaunchRequest& request);

}  // namespace ipc::ssh
