// SPDX-License-Identifier: BSD-3-Clause
// The processes of one mpiexec.
#pragma once

#include <string>
#include <vector>

#include "launchers/local/record.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::mpi {

/// The variable by which they are known, to the controller and here.
inline constexpr const char* kMark = "IPKIT_LAUNCH_ID";

/// On record is mpiexec, with the id NAME:COUNT; its processes are NAME.1, NAME.2, …. Those on this
/// machine have NAME in their environment, also when they have lost their mpiexec.
class Crew {
 public:
  explicit Crew(local::Entry entry);

  /// All of them: they run as long as mpiexec or one of them does.
  std::vector<config::Launched> processes() const;
  void signal_mpiexec(int signal) const;
  /// Every process on this machine, mpiexec or not.
  void signal_all(int signal) const;
  /// Until mpiexec and the processes on this machine have ended.
  void wait_for_end(TimePoint end) const;

 private:
  /// Descriptors of the processes on this machine.
  std::vector<Fd> members() const;

  local::Entry entry_;
  std::string name_;
  int count_;
};

}  // namespace ipc::mpi
