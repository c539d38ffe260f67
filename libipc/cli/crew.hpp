// SPDX-License-Identifier: BSD-3-Clause
// Which engines tasks may go to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/connection.hpp"

namespace ipc::cli {

/// What tasks are sent with.
struct Crew {
  std::vector<std::string> targets;  ///< uuids; empty: any engine
  size_t engines = 1;                ///< how many those are, as far as known
  std::vector<int> ids;              ///< of those that are there, in order
  std::map<int, std::string> hosts;  ///< of the engines known, by id
};

/// By -t and -x. Tasks queue where there are no engines, so none is no error unless some are named.
/// Code::no_engine for targets that are not there, and engines that cannot serve our requests.
Result<Crew> find_crew(client::Connection& connection, const Arguments& arguments);

}  // namespace ipc::cli
