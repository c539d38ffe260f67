// SPDX-License-Identifier: BSD-3-Clause
// The launcher's memory: what it was about to submit, and what became of it.
#pragma once

#include <string>
#include <vector>

#include "launchers/batch/job.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::batch {

/// A submission on record.
struct Submitted {
  Job job;
  std::string number;  ///< the system's id; empty: it has none (any more)
  bool is_over = false;
  System system;
};

/// The record file, locked against other launchers while the object lives. Beside it are, for each
/// job, its script and what the submit command answered: that command writes to the file itself and
/// holds the lock too, so its answer is there whatever becomes of the launcher.
class Record {
 public:
  /// Waits for other launchers, and for a submit command whose launcher was killed.
  static Result<Record> open(const std::string& path);

  /// What is in it, for the launcher `kind`; `number` from the answers.
  Result<std::vector<Submitted>> load(const std::string& kind) const;
  /// On return it is on disk, and there is room for the answer of the submit command.
  Status prepare(const Job& job, const Settings& settings, const Script& script) const;
  /// Nothing of the job is left.
  Status note_over(Submitted& entry) const;
  /// Removes the files of jobs that are over, and the record if all are.
  Status tidy(const std::vector<Submitted>& all) const;

  /// Files of a job.
  std::string script_file(const Job& job) const;
  std::string description_file(const Job& job) const;
  std::string answer_file(const Job& job) const;
  std::string complaint_file(const Job& job) const;
  /// Held by the submit command as well.
  int lock() const { return fd_.get(); }

 private:
  Record(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status write_all_of(const Job& job, const Settings& settings, const Script& script) const;
  Status append(const std::string& line) const;
  void remove_files(const Job& job) const;

  Fd fd_;
  std::string path_;
};

/// The id in the answer of a submit command; "" if there is none.
std::string number_in(const System& system, const std::string& answer);

}  // namespace ipc::batch
