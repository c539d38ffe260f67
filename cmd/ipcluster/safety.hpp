// SPDX-License-Identifier: BSD-3-Clause
// What of a cluster's settings lets others in.
#pragma once

#include <string>
#include <vector>

#include "libipc/config/paths.hpp"
#include "libipc/net/connection.hpp"

namespace ipc::cluster {

/// A sentence for each setting that is not safe, with what to do about it; none: nothing was found.
/// What programs refuse anyway is not looked at again.
std::vector<std::string> unsafe_settings(const config::ClusterName& cluster,
                                         const net::Connection& file);

}  // namespace ipc::cluster
