// SPDX-License-Identifier: BSD-3-Clause
// The systems there are.
#pragma once

#include "launchers/batch/system.hpp"

namespace ipc::batch {

System slurm();
System sge();
/// PBS Pro and OpenPBS.
System pbs();
System torque();
System lsf();
System condor();
/// Whatever the profile describes.
Result<System> generic(const Settings& settings);

}  // namespace ipc::batch
