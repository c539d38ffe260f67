// SPDX-License-Identifier: BSD-3-Clause
// HPC Pack's job scheduler, whichever way it is spoken to.
#pragma once

#include <memory>
#include <string>

#include "launchers/winhpc/record.hpp"

namespace ipc::winhpc {

/// How a job fares.
struct JobState {
  std::string state = "ended";  ///< pending, running or ended
  std::string why;              ///< "winhpc 4711 Queued (…)"
  bool is_ending = false;       ///< it was cancelled, and its time of grace runs
};

/// A job, or one of its tasks.
struct Target {
  std::string number;
  int task = 0;  ///< 0: all of the job

  std::string text() const { return task ? number + "." + std::to_string(task) : number; }
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// How a job file would be submitted, for --dry-run.
  virtual std::string way(const std::string& file) const = 0;
  /// Submits what is prepared. On return the id is on disk, and in `entry` also if it fails after
  /// that.
  virtual Status submit(const Record& record, Submitted& entry, const std::string& xml) = 0;
  /// One query. What HPC Pack does not know (any more) has ended.
  virtual Result<JobState> ask(const Target& target) = 0;
  /// Asks it to end, in its own time or (force) at once.
  virtual Status cancel(const Target& target, bool force) = 0;
};

std::unique_ptr<Scheduler> by_command(const Site& site);
std::unique_ptr<Scheduler> by_web(const Site& site);
/// The one the site is reached by; nothing is asked of it yet.
std::unique_ptr<Scheduler> scheduler_for(const Site& site);

/// Properties of a job or task, by name without blanks and in lower case.
using Properties = std::map<std::string, std::string>;

/// What its properties say.
JobState state_of(const Target& target, const Properties& properties);
/// "Pending Reason" is pendingreason.
std::string property_name(std::string_view name);
/// True if these words say that there is no such job.
bool says_unknown(const std::string& words);
/// The status for what HPC Pack said, where it is all there is to go by.
Code code_for(const std::string& words);

}  // namespace ipc::winhpc
