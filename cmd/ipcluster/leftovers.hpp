// SPDX-License-Identifier: BSD-3-Clause
// What a cluster leaves behind when its ipcluster was killed.
#pragma once

#include <vector>

#include "cmd/ipcluster/state.hpp"

namespace ipc::cluster {

/// What launchers say of everything on record.
Result<std::vector<Process>> recorded_processes(const config::ClusterName& cluster);

/// Stops every process on record; how many ran.
Result<int> end_leftovers(const config::ClusterName& cluster);

/// Removes state, lock, socket and connection files of a cluster of which nothing runs: no lock is
/// held, nothing on record runs, the controller that the files name is gone. What cannot be proven
/// stays. The paths removed.
std::vector<std::string> remove_stale_files(const config::ClusterName& cluster);

/// Removes connection files and the lock of a controller of this machine that is gone.
void remove_controller_files(const config::ClusterName& cluster, std::vector<std::string>& removed);

}  // namespace ipc::cluster
