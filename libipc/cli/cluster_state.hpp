// SPDX-License-Identifier: BSD-3-Clause
// What the ipcluster of a cluster has written down about it.
#pragma once

#include <optional>
#include <string>

#include "libipc/wire/json.hpp"

namespace ipc::cli {

/// Its file for the cluster of this connection file; nothing if the connection file is in no
/// profile directory, or no ipcluster has written one.
std::optional<wire::Json> cluster_state(const std::string& connection_file);

/// The object `elastic` of it: null where engines do not come and go by themselves, or where the
/// ipcluster that had them do so is gone.
wire::Json elastic_state(const std::string& connection_file);

}  // namespace ipc::cli
