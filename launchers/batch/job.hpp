// SPDX-License-Identifier: BSD-3-Clause
// One submission: what it is to start, and the script that does it.
#pragma once

#include <string>
#include <vector>

#include "launchers/batch/system.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::batch {

/// What one call of the submit command is for: an array of tasks, each with `slots` processes (the
/// last with what is left), or one task.
struct Job {
  std::string name;   ///< chosen by us and never used again: it is on disk before the job exists
  std::string role;   ///< "engine" or "controller"
  std::string log;    ///< of its processes; {task} in it stands for the number of the task
  int processes = 1;  ///< all of them
  int slots = 1;      ///< of one task
  bool is_array = false;  ///< by set_array

  int tasks() const { return (processes + slots - 1) / slots; }
  /// Processes of task 1, 2, ….
  int slots_of(int task) const { return task < tasks() ? slots : processes - slots * (task - 1); }
  /// The word for one of its processes; both counted from 1.
  std::string id(int task, int slot) const;
  std::string log_of(int task) const;
  /// An array has a log for each task.
  void set_array(bool is_array);
};

/// What is submitted.
struct Script {
  std::string text;
  std::string description;  ///< of systems that want one beside the script
};

/// How a request is cut into submissions. Code::bad_profile names the setting that is wrong.
Result<std::vector<Job>> plan_jobs(const System& system, const config::LaunchRequest& request,
                                   const Settings& settings);

/// The script of one of them, from the user's template or ours. `path` is where it will be. Sets
/// what the template decides: whether it is an array.
Result<Script> render(const System& system, const config::LaunchRequest& request,
                      const Settings& settings, const std::string& path, Job& job);

}  // namespace ipc::batch
