// SPDX-License-Identifier: BSD-3-Clause
// The process of a Jupyter kernel, and what cleans up behind it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "kernels/jupyter/endpoints.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::jupyter {

/// A kernel in a process group of its own: the engine signals our group, and which interrupt
/// reaches the kernel is ours to decide. The group's leader is a guard that waits for our end,
/// whatever way it comes, kills the group and removes the connection file's directory.
class KernelProcess {
 public:
  /// Before there are threads. `command` is looked up on PATH; `environment` is added to ours.
  static Result<KernelProcess> start(const std::vector<std::string>& command,
                                     const std::map<std::string, std::string>& environment,
                                     const ConnectionFile& file);
  KernelProcess(KernelProcess&&) = default;
  KernelProcess& operator=(KernelProcess&&) = delete;
  ~KernelProcess();

  pid_t pid() const { return pid_; }
  int exit_fd() const { return exit_.get(); }  ///< readable when it has ended
  /// Its stdout and stderr, non-blocking.
  Fd out, err;
  /// To all of its group.
  void signal(int number) const;
  /// Its wait status; only after exit_fd() told of the end. Kills what is left of the group.
  int reap();

 private:
  KernelProcess() = default;
  std::string directory_;
  pid_t pid_ = 0, guard_ = 0;
  Fd exit_, leash_;
};

/// Ends this process the way another one ended, so that the engine sees what happened.
[[noreturn]] void end_like(int wait_status);

}  // namespace ipc::jupyter
