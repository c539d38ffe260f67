// SPDX-License-Identifier: BSD-3-Clause
// One execution on a set of engines: requests out, output and replies in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/client/connection.hpp"

namespace ipexec {

/// What is sent, the same to each engine.
struct Job {
  std::string content;               ///< of the execute_request
  std::optional<std::string> input;  ///< -i: buffer 0
};

/// Sends and does not wait: prints a job word for each engine once the controller has them.
ipc::Result<int> run_async(ipc::client::Connection& connection, const std::vector<int>& engines,
                           const Job& job, const ipc::cli::Arguments& arguments);

/// Runs on `engines`, prints what they print, then values and errors. The exit status.
ipc::Result<int> run(ipc::client::Connection& connection, const std::vector<int>& engines,
                     const Job& job, const ipc::cli::Arguments& arguments,
                     ipc::cli::Streams& streams);

}  // namespace ipexec
