// SPDX-License-Identifier: BSD-3-Clause
// Which cluster is meant, and where its files are.
#pragma once

#include <optional>
#include <string>

#include "libipc/util/result.hpp"

namespace ipc::config {

/// What a command line says about the cluster; what is absent comes from the environment.
struct ClusterOptions {
  std::optional<std::string> profile, profile_dir, cluster_id;
};

/// One cluster: its profile directory (absolute) and its id (often empty).
struct ClusterName {
  std::string profile = "default";  ///< for messages; the directory is what counts
  std::string profile_dir;
  std::string cluster_id;

  /// "profile 'default'", with ", cluster id 'x'" if it has one.
  std::string text() const;
  /// Options that name this cluster on another command line: "", " --profile=x", …
  std::string options() const;
};

/// `given` before $IPKIT_PROFILE_DIR, $IPP_PROFILE_DIR, $IPKIT_PROFILE, $IPP_PROFILE, and
/// $IPKIT_CLUSTER_ID, $IPP_CLUSTER_ID. Creates nothing. Code::usage for a name that cannot be a
/// file name.
Result<ClusterName> resolve_cluster(const ClusterOptions& given = {});

/// $IPYTHONDIR, else ~/.ipython: the directory of all profiles.
std::string ipython_directory();
/// The user's home directory: $HOME, else what the system says.
std::string home_directory();
/// `path` for a message: the home directory as `~`.
std::string display_path(const std::string& path);

enum class FileKind { client, engine };

/// security/ipcontroller[-ID]-{client,engine}.json of the profile.
std::string connection_file(const ClusterName& cluster, FileKind kind);
std::string security_directory(const ClusterName& cluster);
std::string log_directory(const ClusterName& cluster);
std::string pid_directory(const ClusterName& cluster);
/// DIRECTORY/STEM[-ID]SUFFIX: how files of one cluster are named. `directory` has no final slash.
std::string cluster_file(const ClusterName& cluster, const std::string& directory,
                         const std::string& stem, const std::string& suffix);

/// Makes the profile directory with security and pid (0700) and log, where missing. Code::refused
/// if a stranger can change it (check_ours), or security can be read by others and cannot be closed
/// to them.
Status create_profile(const ClusterName& cluster);

}  // namespace ipc::config
