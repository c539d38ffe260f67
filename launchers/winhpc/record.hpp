// SPDX-License-Identifier: BSD-3-Clause
// The launcher's memory: what it was about to submit, and what became of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "launchers/winhpc/job.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::winhpc {

/// A job on record.
struct Submitted {
  Job job;
  Site site;
  std::string number;  ///< HPC Pack's id; empty: it has none
  bool is_over = false;
  std::set<int> gone;  ///< tasks that were cancelled one by one

  bool is_gone(int task) const { return is_over || gone.contains(task); }
};

/// The record file, locked against other launchers while the object lives. Beside it is, for each
/// job, its job file; and what `job submit` answered: that command writes to the file itself and
/// holds the lock too, so its answer is there whatever becomes of the launcher.
class Record {
 public:
  /// Waits for other launchers, and for a submit command whose launcher was killed.
  static Result<Record> open(const std::string& path);

  Result<std::vector<Submitted>> load() const;
  /// On return the job is on disk, without its id; and where a command answers there is room.
  Status prepare(const Submitted& entry, const std::string& xml) const;
  /// The id in what `job submit` has answered so far; "" if there is none.
  std::string answered(const Job& job) const;
  /// On return they are on disk.
  Status note_number(Submitted& entry, const std::string& number) const;
  Status note_gone(Submitted& entry, int task) const;
  Status note_over(Submitted& entry) const;
  /// Removes the files of jobs that are over, and the record if all are.
  Status tidy(const std::vector<Submitted>& all) const;

  std::string job_file(const Job& job) const { return file(job, ".xml"); }
  std::string answer_file(const Job& job) const { return file(job, ".id"); }
  std::string complaint_file(const Job& job) const { return file(job, ".err"); }
  /// Held by the submit command as well.
  int lock() const { return fd_.get(); }

 private:
  Record(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status write_all_of(const Submitted& entry, const std::string& xml) const;
  Status note(const Job& job, const std::string& key, const std::string& value) const;
  Status append(const std::string& line) const;
  void remove_files(const Job& job) const;
  std::string file(const Job& job, const char* ending) const;

  Fd fd_;
  std::string path_;
};

}  // namespace ipc::winhpc
