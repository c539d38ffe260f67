// SPDX-License-Identifier: BSD-3-Clause
// The local launcher's memory: which processes it started, proof against pids used again.
#pragma once

#include <string>
#include <vector>

#include "libipc/config/launch.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::local {

/// One line of the record.
struct Entry {
  config::Launched process;
  unsigned long long ticks = 0;
  std::string boot;

  /// True if this very process runs, here and now. A zombie does not run.
  bool is_running() const;
};

/// A process just started, with what tells it from others.
Entry new_entry(pid_t pid, const std::string& role, const std::string& log);

/// The record file, locked against other launchers while the object lives.
class Record {
 public:
  /// Waits for other launchers, which hold it only briefly.
  static Result<Record> open(const std::string& path);

  /// What is in it and matches: role and ids as in the request.
  Result<std::vector<Entry>> select(const config::LaunchRequest& request) const;
  /// Writes and syncs; on return the lines are on disk.
  Status append(const std::vector<Entry>& entries);
  /// Removes the file if nothing in it runs any more.
  Status remove_if_over();

 private:
  Record(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::string path_;
};

}  // namespace ipc::local
