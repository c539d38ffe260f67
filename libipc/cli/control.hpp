// SPDX-License-Identifier: BSD-3-Clause
// One request to the control channel of several engines.
#pragma once

#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/client/push.hpp"

namespace ipc::cli {

/// What every engine is asked.
struct ControlRequest {
  std::string type;            ///< "clear_request" …
  std::string content = "{}";  ///< JSON text of an object
  std::string kernel;          ///< empty: the main one
  std::string undone;          ///< of engines that have not answered: "not cleared"
};

/// Asks every engine and waits for all; what failed. Says after 2 s for whom it waits.
/// Code::timed_out at --timeout: then the requests are taken back, as far as the engines can.
Result<std::vector<client::Failure>> control_each(client::Connection& connection,
                                                  const Arguments& arguments,
                                                  const std::vector<int>& engines,
                                                  const ControlRequest& request);

}  // namespace ipc::cli
