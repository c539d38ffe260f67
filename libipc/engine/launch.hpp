// SPDX-License-Identifier: BSD-3-Clause
// Starting kernels: which program, and a process of its own group with a socket to us.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "libipc/engine/guard.hpp"
#include "libipc/engine/ledger.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::engine {

/// A kernel that was started. Without a process (a thread in a test) pid is 0 and only the socket
/// is set.
struct KernelHandles {
  Fd socket;                 ///< stream socket, non-blocking
  Fd out, err;               ///< read ends of its stdout and stderr, non-blocking
  pid_t pid = 0;             ///< also its process group
  Fd exit;                   ///< pidfd: readable when it has ended
  Ledger* ledger = nullptr;  ///< not owned; null: what it has begun is not told
  unsigned page = 0;         ///< its own there
};

/// A kernel that is another cluster: cluster:PROFILE or cluster:PROFILE/ID.
bool is_cluster(std::string_view kernel);

/// Starts kernels by name.
class KernelLauncher {
 public:
  virtual ~KernelLauncher() = default;
  /// Code::no_input: there is no such kernel; others: it could not be started.
  virtual Result<KernelHandles> start(const std::string& name) = 0;
  /// A started kernel has ended and was waited for.
  virtual void ended(pid_t) {}
};

/// How kernels' processes are to be, beyond what the engine itself is.
struct KernelSetting {
  std::string python;                    ///< the interpreter asked for; may be empty
  std::vector<std::string> environment;  ///< NAME=VALUE each
  int nice = 0;                          ///< added to the engine's own
  std::string prologue;                  ///< shell script, sourced before the kernel; may be empty
};

/// Starts processes.
class ProcessLauncher : public KernelLauncher {
 public:
  /// `guard` (not owned, may be null) is told of each process group. `ledger` (not owned, may be
  /// null) has what each has begun.
  ProcessLauncher(KernelSetting setting, Guard* guard, Ledger* ledger = nullptr)
      : setting_(std::move(setting)), guard_(guard), ledger_(ledger) {}

  Result<KernelHandles> start(const std::string& name) override;
  void ended(pid_t pid) override;
  /// The command line of kernel `name`; asks a version manager's shim for the real interpreter,
  /// once (limit 20 s).
  Result<std::vector<std::string>> command(const std::string& name);

 private:
  Result<std::string> interpreter();
  Status add_prologue(std::vector<std::string>& argv) const;

  KernelSetting setting_;
  std::string resolved_;
  Guard* guard_;
  Ledger* ledger_;
};

}  // namespace ipc::engine
