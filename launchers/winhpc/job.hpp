// SPDX-License-Identifier: BSD-3-Clause
// One job of HPC Pack's: what it is to start, and its job file.
#pragma once

#include <string>

#include "launchers/winhpc/site.hpp"

namespace ipc::winhpc {

/// A job with a task for each process.
struct Job {
  std::string name;  ///< chosen by us and never used again: it is on disk before the job exists
  std::string role;  ///< "engine" or "controller"
  std::string log;   ///< of its processes, as seen from here; {task} stands for the number
  int tasks = 1;

  /// The word for one of its processes, from 1.
  std::string id(int task) const { return name + "." + std::to_string(task); }
  std::string log_of(int task) const;
};

Job plan_job(const config::LaunchRequest& request);

/// The job file: XML as HPC Pack 2008 and later read it. Code::bad_profile names the setting that
/// is wrong, or that HPC Pack has nothing for.
Result<std::string> render(const Job& job, const config::LaunchRequest& request,
                           const Settings& settings);

}  // namespace ipc::winhpc
