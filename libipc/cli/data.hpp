// SPDX-License-Identifier: BSD-3-Clause
// What the programs that move values have in common.
#pragma once

#include <memory>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/client/push.hpp"

namespace ipc::cli {

/// A connection with signals wired to it, and the engines meant, all of which take values.
struct DataSession {
  std::unique_ptr<client::Connection> connection;
  std::unique_ptr<SignalGuard> guard;
  std::vector<int> engines;
  std::string kernel;

  client::Connection& operator*() const { return *connection; }
};

/// Connects, waits for `jobs` of the stage before, and chooses the engines.
Result<DataSession> open_data_session(const Arguments& arguments,
                                      const std::vector<std::string>& jobs = {});

/// Complains about failures of engines, equal ones once; the exit status, 0 if there are none, 68
/// if the kernel that was asked for is missing. An undefined name reads `2: no 'y'`.
int report_failures(const Arguments& arguments, const std::vector<client::Failure>& failures);

}  // namespace ipc::cli
