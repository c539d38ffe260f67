// SPDX-License-Identifier: BSD-3-Clause
// Running a program to its end, with text in and text out.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc {

/// What a program left behind.
struct Completed {
  int wait_status = 0;         ///< as of waitpid(2)
  std::string output, errors;  ///< stdout, stderr

  bool ok() const { return wait_status == 0; }
};

/// Runs `argv` (argv[0] is a path) in a process group of its own, feeds it `input` and waits at
/// most `limit`; then it is killed and the answer is Code::timed_out. More than 4 MB of output is
/// Code::bad_input. Signals are as in a fresh login. The caller ignores SIGPIPE.
Result<Completed> run_to_end(const std::vector<std::string>& argv, std::string_view input,
                             Duration limit);

/// A descriptor that means this process and never a later one with its pid; none if there is no
/// such process. For the two below.
Fd process_descriptor(pid_t pid);
/// Sends a signal by such a descriptor; one that ended is no failure.
void signal_process(int descriptor, int signal);
/// True if the process ended before `deadline`.
bool wait_for_process(int descriptor, TimePoint deadline);

}  // namespace ipc
