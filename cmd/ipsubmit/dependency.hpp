// SPDX-License-Identifier: BSD-3-Clause
// What a task waits for: --after and --follow.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/wire/json.hpp"

namespace ipsubmit {

/// Jobs, and when they count as done (wire protocol, dependency).
struct Dependency {
  std::vector<std::string> ids;
  bool all = true;                       ///< every one of them; otherwise one is enough
  bool success = true, failure = false;  ///< which ends count

  ipc::wire::Json json() const;
};

/// The value of option `name`, JOBS[:any|:all][:success][:failure]; nothing if it was not given.
/// Code::usage for words that are no jobs, or none at all.
ipc::Result<std::optional<Dependency>> parse_dependency(const ipc::cli::Arguments& arguments,
                                                        const std::string& name);

/// Asks the controller about them. Code::no_input for a job there is not; Code::usage for one that
/// is a request to an engine, for which the scheduler does not wait.
ipc::Status check_jobs(ipc::client::Connection& connection, const std::vector<std::string>& ids);

}  // namespace ipsubmit
