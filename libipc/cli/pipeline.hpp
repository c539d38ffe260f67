// SPDX-License-Identifier: BSD-3-Clause
// Pipelines of the shell: which descriptors are one, the stage rule, and the verdict that travels
// with the pipe.
#pragma once

#include <string>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// What the writer of a pipe left in its mode bits.
enum class Verdict { none, running, ok, failed };

/// True if `fd` is a pipe and not the one the session leader has at the same number.
bool is_pipeline(int fd);

/// Leaves a verdict in an anonymous pipe; nothing happens with anything else. Async-signal-safe.
void mark(int fd, Verdict verdict);
/// Reads it. Call after end of file.
Verdict verdict_of(int fd);

/// Code::failed "not run: the command before it failed …" if the writer of our stdin failed or was
/// killed. For readers of data, after end of file. `what` is "not run" or the like.
Status check_writer(const std::string& what);

/// What came before this stage.
struct Stage {
  std::vector<std::string> jobs;  ///< job ids to wait for; usually none
};

/// The stage rule: waits for the end of a pipeline stdin. Code::failed if the stage before failed,
/// Code::bad_input if it carries anything but job words (left unread), Code::usage never. Says on
/// stderr what is awaited after 2 s. Returns at once if `ignore_stdin`, IPKIT_STDIN=none, or stdin
/// is no pipeline.
Result<Stage> await_stage(bool ignore_stdin);

}  // namespace ipc::cli
