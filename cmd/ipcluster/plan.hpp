// SPDX-License-Identifier: BSD-3-Clause
// What start and engines are asked to do: command line and profile together.
#pragma once

#include <optional>
#include <string>

#include "cmd/ipcluster/elastic.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/config/launch.hpp"
#include "libipc/config/profile.hpp"

namespace ipc::cluster {

/// Everything the supervisor needs to know; made before anything is started.
struct Plan {
  config::ClusterName cluster;
  config::Profile profile;
  int engines = 0;                       ///< how many to start
  int wanted = 0;                        ///< how many must be ready for success
  std::optional<ElasticLimits> elastic;  ///< later they come and go by themselves
  bool with_controller = true;
  unsigned restarts = 0;  ///< of a controller that died, in ten minutes
  bool daemonize = false, quiet = false, verbose = false;
  std::string directory;         ///< where ipcluster was started
  std::string python;            ///< a real interpreter, resolved; empty: kernels need none
  Duration limit = seconds(60);  ///< for engines to be ready
};

/// The cluster that the options name.
Result<config::ClusterName> cluster_of(const cli::Arguments& arguments);

/// Code::usage and Code::bad_profile say which option or line is wrong.
Result<Plan> make_plan(const cli::Arguments& arguments, bool with_controller);

/// Code::usage if a controller on this machine may not open the files that so many engines need.
Status check_files(const Plan& plan, int engines);

/// What the launcher gets. `restore`: the controller takes over from one that died.
Result<config::LaunchRequest> controller_request(const Plan& plan, bool restore = false);
Result<config::LaunchRequest> engine_request(const Plan& plan, int count);

}  // namespace ipc::cluster
