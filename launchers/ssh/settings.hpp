// SPDX-License-Identifier: BSD-3-Clause
// The section `ssh` of a profile, as the launcher gets it.
#pragma once

#include <string>
#include <vector>

#include "libipc/config/launch.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/hostlist.hpp"
#include "libipc/util/result.hpp"

namespace ipc::ssh {

/// How hosts are reached.
struct Login {
  std::string config;  ///< ssh configuration file; empty: the usual ones
  Duration timeout = seconds(10);
  int fanout = 16;  ///< hosts at a time
};

struct Settings {
  std::vector<HostCount> hosts;
  Login login;
  std::string profile_dir, bin, directory, prologue;  ///< over there; empty: as here
  bool send_connection = true;
  bool detach = false;
};

/// Code::bad_profile names the key that is wrong.
Result<Settings> read_settings(const config::LaunchRequest& request);

/// How many of `count` each host gets: what a host's own count allows beside the `used` first, host
/// by host; beyond that in proportion to the counts.
std::vector<int> deal(const std::vector<HostCount>& hosts, std::vector<int> used, int count);

}  // namespace ipc::ssh
