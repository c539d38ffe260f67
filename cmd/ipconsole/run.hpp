// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines: requests out, everything in; Ctrl-C, questions, leaving it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/ipconsole/editor.hpp"
#include "cmd/ipconsole/view.hpp"
#include "libipc/client/connection.hpp"

namespace ipconsole {

/// How a run is steered.
struct RunHooks {
  /// The request for an engine.
  std::function<ipc::client::Request(int engine)> request;
  /// Has the user asked for a line; empty: nobody is there.
  std::function<Editor::Line(int engine, const std::string& prompt, bool hidden)> ask;
  bool keys = false;  ///< Ctrl-C and Ctrl-backslash are noted by signals.hpp
};

struct Ran {
  std::vector<std::string> ids;   ///< of the requests
  std::vector<std::string> left;  ///< of those that were left running
};

/// Runs it and shows in `view` what comes. Ctrl-C interrupts it; once more, or Ctrl-backslash,
/// leaves it running. An error: the controller is gone, or a signal came.
ipc::Result<Ran> run(ipc::client::Connection& connection, const std::vector<int>& engines,
                     const RunHooks& hooks, View& view, ipc::cli::Streams& streams);

}  // namespace ipconsole
