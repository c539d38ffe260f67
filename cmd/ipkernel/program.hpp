// SPDX-License-Identifier: BSD-3-Clause
// A program of this machine whose output a cell shows.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"
#include "libipc/util/text_stream.hpp"

namespace ipkernel {

/// A line in /bin/sh, in a process group of its own, with nothing on its standard input.
class Program {
 public:
  /// Programs of ipkit are found first. `environment` is added to ours.
  static ipc::Result<Program> start(
      const std::string& line, const std::vector<std::pair<std::string, std::string>>& environment);

  pid_t pid() const { return pid_; }
  int fd(bool is_stderr) const { return pipes_[is_stderr].get(); }
  /// False once the program, and whoever has its stream, closed it.
  bool is_open(bool is_stderr) const { return open_[is_stderr]; }
  /// What is there, as UTF-8 text; does not wait.
  std::string read(bool is_stderr);
  /// Its wait status, when both streams are closed.
  int wait() const;

 private:
  Program() = default;
  ipc::Fd pipes_[2];
  bool open_[2] = {true, true};
  ipc::TextStream text_[2];
  pid_t pid_ = 0;
};

}  // namespace ipkernel
