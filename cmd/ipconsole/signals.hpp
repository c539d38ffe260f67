// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C and Ctrl-backslash at a console: wishes of its user, not its end.
#pragma once

namespace ipconsole {

/// What was pressed since the last look.
struct Pressed {
  bool interrupt = false;  ///< Ctrl-C
  bool quit = false;       ///< Ctrl-backslash
  bool resized = false;    ///< the terminal has another size
};

/// From here on SIGINT, SIGQUIT and SIGWINCH are noted here only. Once, in the main thread, after
/// run_program has caught its own. `end` becomes readable when the program has to end (cli's
/// Interrupts).
void catch_keys(int end);

/// That of catch_keys(), -1 before.
int end_fd();

/// Readable (POLLIN) when there is something to take.
int keys_fd();

Pressed take_keys();

}  // namespace ipconsole
