// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines, at a terminal: Ctrl-C, questions, leaving it.
#pragma once

#include <functional>
#include <string>

#include "cmd/ipconsole/editor.hpp"
#include "cmd/ipconsole/view.hpp"
#include "libipc/console/console.hpp"

namespace ipconsole {

/// How a run is steered.
struct RunHooks {
  /// Has the user asked for a line; empty: nobody is there.
  std::function<Editor::Line(int engine, const std::string& prompt, bool hidden)> ask;
  bool keys = false;  ///< Ctrl-C and Ctrl-backslash are noted by signals.hpp
};

/// Runs it and shows in `view` what comes. Ctrl-C interrupts it; once more, or Ctrl-backslash,
/// leaves it running. An error: the controller is gone, or a signal came.
ipc::Result<ipc::console::Ran> run(const ipc::console::Work& work, const RunHooks& hooks,
                                   View& view, ipc::cli::Streams& streams);

}  // namespace ipconsole
