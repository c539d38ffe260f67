// SPDX-License-Identifier: BSD-3-Clause
// Which system a launcher is for.
#include "launchers/batch/system.hpp"

#include "launchers/batch/systems.hpp"

namespace ipc::batch {

Result<System> find_system(const std::string& name, const Settings& settings) {
  if (name == "slurm") return slurm();
  if (name == "sge") return sge();
  if (name == "pbs") return text_of(settings, "flavour") == "torque" ? torque() : pbs();
  if (name == "lsf") return lsf();
  if (name == "condor") return condor();
  if (name == "batch") return generic(settings);
  return Error{Code::usage, "no batch system '" + name + "'", ""};
}

}  // namespace ipc::batch
