// SPDX-License-Identifier: BSD-3-Clause
// The commands of a system below: found, called, and what they say kept.
#pragma once

#include <string>
#include <vector>

#include "libipc/util/subprocess.hpp"

namespace ipc::launcher {

/// The file of a command, by PATH. Code::no_controller if there is none.
Result<std::string> find_command(const std::string& name);

/// What a command said, in one line.
std::string one_line(const std::string& text);

/// An empty file with room on the disk for an answer, and zeros in it.
Status make_room(const std::string& path);

/// Where a command that is kept runs and writes.
struct Kept {
  std::string directory, input, output, errors;
  int lock;  ///< stays open in the command
};

/// Runs a command that writes to the disk itself, to files with room, and holds a lock while it
/// runs: what it says is not lost with its caller. Returns what is in the files.
Result<Completed> run_kept(std::vector<std::string> words, const Kept& kept, Duration limit);

/// What is in such a file, without the room that was not needed.
Result<std::string> read_kept(const std::string& path);

}  // namespace ipc::launcher
