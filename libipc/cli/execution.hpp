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

namespace ipc::cli {

/// What is sent.
struct Execution {
  std::string content;                    ///< of the execute_request
  std::map<int, std::string> contents;    ///< for engines that get another one
  std::optional<std::string> input;       ///< -i: buffer 0
  std::optional<std::string> value_file;  ///< the value of the one engine goes there
  std::optional<std::string> results;     ///< directory: what is printed goes there as well
  std::optional<std::string> display;     ///< directory: what is displayed goes there
};

/// Sends and does not wait: prints a job word for each engine once the controller has them.
Result<int> run_async(client::Connection& connection, const std::vector<int>& engines,
                      const Execution& execution, const Arguments& arguments);

/// Runs on `engines`, prints what they print, then values and errors; if several kernels are named
/// (--kernel a,b) in one after the other. The exit status, the worst one.
Result<int> run(client::Connection& connection, const std::vector<int>& engines,
                const Execution& execution, const Arguments& arguments, Streams& streams);

}  // namespace ipc::cli
