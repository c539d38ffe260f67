// SPDX-License-Identifier: BSD-3-Clause
// What a running cluster leaves on disk for the other verbs: pid/ipcluster[-ID].{json,lock,sock}.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libipc/config/launch.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cluster {

/// One controller or engine that a launcher started.
struct Process {
  config::Launched launched;  ///< state: "starting", "ready", "leaving" or "ended"
  std::string launcher;
  int engine = -1;      ///< id at the hub, once known
  int wait_status = 0;  ///< how it ended; not kept on disk
  bool queued = false;  ///< a batch system lets it wait

  bool pending() const { return launched.state == "starting"; }
  bool ready() const { return launched.state == "ready"; }
  bool leaving() const { return launched.state == "leaving"; }
  bool ended() const { return launched.state == "ended"; }
  /// Takes over what its launcher knows now.
  void learn(const config::Launched& now);
};

/// The whole of it. Written by the supervising ipcluster only.
struct State {
  config::ClusterName cluster;
  pid_t pid = 0;  ///< of the supervising ipcluster
  unsigned long long start_ticks = 0;
  std::string host, boot_id, started, directory;
  std::optional<Process> controller;
  unsigned restarts = 0;                  ///< of the controller, after it died
  std::string restart_why, restart_when;  ///< of the last of them; ISO 8601
  std::vector<Process> engines;

  /// Where engines come and go by themselves. Times as ISO 8601; texts are empty where there is
  /// nothing to say.
  struct Elastic {
    int min = 0, max = 0;
    Duration idle_timeout{0};
    std::string why, when;       ///< of the last that came or went
    std::string trouble, again;  ///< why none comes, and when that is tried again
  };
  std::optional<Elastic> elastic;

  /// True if the supervisor runs on this machine.
  bool is_running() const;
};

std::string state_file(const config::ClusterName& cluster);
std::string lock_file(const config::ClusterName& cluster);
std::string socket_file(const config::ClusterName& cluster);
std::string log_file(const config::ClusterName& cluster);
/// Where the launcher KIND keeps what it started for this cluster.
std::string record_file(const config::ClusterName& cluster, const std::string& kind);
/// The records there are: launcher kind, path.
std::vector<std::pair<std::string, std::string>> records(const config::ClusterName& cluster);
/// Ids of all clusters that have any of these files in the profile of `cluster`.
std::vector<std::string> cluster_ids(const config::ClusterName& cluster);

Status write_state(const State& state);
/// Nothing if there is none; one that cannot be understood counts as none.
std::optional<State> read_state(const config::ClusterName& cluster);

}  // namespace ipc::cluster
