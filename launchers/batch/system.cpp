// SPDX-License-Identifier: BSD-3-Clause
// Which system a launcher is for.
#include "launchers/batch/system.hpp"

#include "launchers/batch/systems.hpp"

namespace ipc::batch {

std::string text_of(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second.text;
}

std::vector<std::string> list_of(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::vector<std::string>() : found->second.list;
}

Result<System> find_system(const std::string& name, const Settings&) {
  if (name == "slurm") return slurm();
  return Error{Code::usage, "no batch system '" + name + "'", ""};
}

}  // namespace ipc::batch
