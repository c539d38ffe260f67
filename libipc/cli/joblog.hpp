// SPDX-License-Identifier: BSD-3-Clause
// Job logs: a line for each job that has ended, in GNU parallel's columns and some of our own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "libipc/client/error.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// A line of a job log. Parallel's columns come first, so that what reads its logs reads ours.
struct JobRecord {
  std::uint64_t seq = 0;            ///< number of the job, from 1
  std::string host;                 ///< empty: not known
  double start = 0;                 ///< seconds since 1970
  double runtime = 0;               ///< seconds
  std::uint64_t sent = 0;           ///< bytes that went to the engine
  std::uint64_t received = 0;       ///< bytes of its output
  int exit_status = 0, signal = 0;  ///< as parallel has them: one of the two
  std::string command;              ///< for people: blanks stand for control characters
  int engine = -1;                  ///< -1: not known
  unsigned attempt = 1;             ///< how often it was tried
  std::string key;                  ///< tells whether it is the same job; empty: not known

  bool ok() const { return exit_status == 0 && signal == 0; }
};

/// What an error makes of the columns Exitval and Signal: a command's status, the signal that
/// killed it or its kernel, else 1.
void set_failure(JobRecord& record, const client::RemoteError& error);

/// A hash of what a job is made of: 16 hex digits, the same everywhere and always.
std::string job_key(std::string_view bytes);

/// The line, with its newline.
std::string joblog_line(const JobRecord& record);
/// Code::bad_input if it is none. Lines of GNU parallel's have no engine, attempt and key.
Result<JobRecord> parse_joblog_line(std::string_view line);

/// Calls `take` with every record of a log and the number of its line, from 1. A last line without
/// newline is not there: its writer was killed. A file that is missing or empty has no records.
/// Code::bad_input names the line that is none; an error of `take` ends the reading.
Status read_joblog(const std::string& path,
                   const std::function<Status(JobRecord&&, size_t line)>& take);

/// Writes one. Lines are gathered until flush() and written whole.
class JobLog {
 public:
  /// `append`: after the whole lines there are; else what is there is replaced. The file is locked:
  /// Code::exists if another program writes it. Code::no_input if it cannot be opened, bad_input if
  /// there is a file that is no job log.
  static Result<JobLog> open(const std::string& path, bool append);

  void add(const JobRecord& record) { held_ += joblog_line(record); }
  Status flush();
  /// Bytes of the file, without those that wait for flush().
  std::uint64_t size() const { return size_; }

 private:
  JobLog(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status begin(bool append);

  Fd fd_;
  std::string path_, held_;
  std::uint64_t size_ = 0;
};

}  // namespace ipc::cli
