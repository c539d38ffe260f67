// SPDX-License-Identifier: BSD-3-Clause
// Calling the commands of a batch system.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launchers/batch/record.hpp"

namespace ipc::batch {

/// How a task of a job fares.
struct TaskState {
  std::string state = "ended";  ///< pending, running or ended
  std::string why;              ///< "slurm 4711 PENDING (Resources)"
  std::string host;
};

/// States by number of task, 0: of all that are not named.
using JobStates = std::map<int, TaskState>;

/// That of one task. What the system does not know (any more) has ended.
TaskState state_of(const Submitted& entry, const JobStates& states, int task);

/// "pro" or "torque": whose commands are on PATH.
std::string pbs_flavour();

/// The words of the submit command; `file` is what is submitted.
std::vector<std::string> submit_words(const System& system, const Job& job,
                                      const std::string& file);

/// Submits what is prepared; returns the system's id, which is on disk.
Result<std::string> submit(const System& system, const Record& record, const Job& job);

/// The states of all of them, by one call of the status command for each system; with `how` also
/// why they wait and how they ended, by further calls where that one does not say it.
Result<std::vector<JobStates>> query(const std::vector<Submitted>& entries, bool how);

/// What is wanted of one job: all of it (no tasks), or some tasks.
struct Target {
  const Submitted* entry = nullptr;
  std::vector<int> tasks;
};

enum class Act { cancel, kill, signal, strike };

/// One call of a command for all targets. That some have ended meanwhile is no failure.
Status act(Act what, const std::vector<Target>& targets, int signal = 0);

}  // namespace ipc::batch
