// SPDX-License-Identifier: BSD-3-Clause
// What things are called on the nodes, which may be Windows or Linux.
#pragma once

#include <string>
#include <vector>

#include "launchers/winhpc/site.hpp"

namespace ipc::winhpc {

class Nodes {
 public:
  /// By winhpc.profile_dir, winhpc.directory and winhpc.bin. `here` is the profile's directory on
  /// this machine.
  Nodes(const Settings& settings, std::string here);

  /// A path of this machine's: what is below the profile's directory is below theirs.
  std::string path(const std::string& path) const;
  std::string directory(const config::LaunchRequest& request) const;
  std::string command_line(const config::LaunchRequest& request) const;

 private:
  std::string program(const std::string& path) const;

  std::string here_, there_, directory_, bin_;
  bool is_windows_;
};

/// One word of a command line as CommandLineToArgvW takes it apart.
std::string windows_quote(const std::string& word);

}  // namespace ipc::winhpc
