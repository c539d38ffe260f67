// SPDX-License-Identifier: BSD-3-Clause
// Signals that end a program: first the work is cancelled, then the program dies by the signal.
#pragma once

namespace ipc::cli {

/// Catches INT, TERM and HUP, those that are not ignored. While no Interrupts object lives they
/// mark the pipe on stdout failed, if `marks`, and end the program at once. Called by run_program.
void catch_signals(bool marks);

/// While one lives, the first signal is only noted, so that work can be cancelled; a second one
/// ends the program at once. One at a time, in the main thread. Not noted before or after its life.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Readable (POLLIN) once a signal was noted; stays so.
  int fd() const;
};

/// The signal noted so far, 0 if none. When it is not 0, run_program ends by it.
int noted_signal();

/// Notes a signal as if it had come: SIGPIPE when stdout turns out closed.
void note_signal(int signal);

/// Ends the process by `signal` itself.
[[noreturn]] void die_by(int signal);

}  // namespace ipc::cli
