// SPDX-License-Identifier: BSD-3-Clause
// One host: a login, and the local launcher over there that does the work.
#pragma once

#include <string>
#include <vector>

#include "launchers/ssh/settings.hpp"
#include "libipc/config/launch.hpp"
#include "libipc/net/ssh_session.hpp"

namespace ipc::ssh {

/// Where things are on a host.
struct Place {
  std::string profile_dir, directory, program;

  /// The local launcher that belongs to `program`.
  std::string launcher() const;
};

/// A host that is logged in. Errors begin with its name.
class Remote {
 public:
  static Result<Remote> open(const std::string& host, const Login& login);

  /// Finds out where things are, makes the profile's directories (0700), and looks whether ipkit is
  /// there. Code::refused in the words of mkdir(1), Code::no_input: no such program or directory.
  Result<Place> prepare(const Place& wanted, bool must_have_directory);
  /// A verb of the local launcher over there.
  Result<std::vector<config::Launched>> call(const std::string& launcher, const std::string& verb,
                                             const config::LaunchRequest& request, Duration limit);
  /// Two files over there, once the process `pid` has written them. Code::no_controller if it ends
  /// before, with the last lines of `log`.
  Result<std::vector<std::string>> fetch(const std::vector<std::string>& paths, pid_t pid,
                                         const std::string& log);

 private:
  Remote(std::string host, net::SshSession session)
      : host_(std::move(host)), session_(std::move(session)) {}
  /// Runs a script that reads `input`; what it prints comes back in parts, one for each mark. A
  /// status other than 0 is an Error with what it said.
  Result<std::vector<std::string>> run(const char* script, const std::string& input,
                                       Duration limit);

  std::string host_;
  net::SshSession session_;
};

}  // namespace ipc::ssh
