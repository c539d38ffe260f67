// SPDX-License-Identifier: BSD-3-Clause
// What this launcher remembers: on which hosts it started something, and what came of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launchers/ssh/settings.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::ssh {

/// A host on record. The processes themselves are on record over there, before they run; here are
/// those that a host has told of.
struct Host {
  std::string name;      ///< [user@]host, as in the profile
  std::string launcher;  ///< the local launcher over there
  std::string record;    ///< its record
  Login login;
  std::vector<config::Launched> processes;
  std::vector<std::string> files;  ///< brought here from its controller
};

/// The record file, locked against other launchers while the object lives.
class Record {
 public:
  static Result<Record> open(const std::string& path);

  Result<std::vector<Host>> load() const;
  /// On disk on return.
  Status add_hosts(const std::vector<Host>& hosts);
  Status add_processes(const std::string& host, const std::vector<config::Launched>& processes,
                       const std::vector<std::string>& files);
  /// Nothing is left anywhere.
  Status remove();

 private:
  Record(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status append(const std::string& lines);

  Fd fd_;
  std::string path_;
};

}  // namespace ipc::ssh
