// SPDX-License-Identifier: BSD-3-Clause
// One login at an ssh server: keys and agent, hosts checked, the user's ssh configuration honoured.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "libipc/net/libssh.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::net {

/// A server as it is written down; what is missing is for ssh_config(5) to say.
struct SshHost {
  std::string name, user;
  int port = 0;

  /// As it was written.
  std::string text() const;
};

/// `[user@]host[:port]`; Code::usage otherwise.
Result<SshHost> parse_ssh_host(std::string_view text);

struct SshSettings {
  std::string config;              ///< in place of ~/.ssh/config and the system's; empty: those
  std::string key;                 ///< a private key beside those that ssh_config names
  Duration timeout = seconds(10);  ///< for the connection, unless ssh_config has ConnectTimeout
};

/// What a command on the other side left behind.
struct SshCompleted {
  int status = -1;  ///< -1: it did not end by itself
  std::string output, errors;
};

/// A connection that is verified and logged in. Never asks anybody anything: a key that needs its
/// passphrase typed is for the agent. For one thread at a time. Errors begin with the host's name.
class SshSession {
 public:
  /// Code::no_controller: no connection; Code::refused: the host's key is not the known one, or is
  /// not known (there is no way to leave this out), or it does not let us in.
  static Result<SshSession> open(const SshHost& host, const SshSettings& settings);
  SshSession(SshSession&& other) noexcept
      : host_(std::move(other.host_)), lib_(other.lib_), raw_(std::exchange(other.raw_, nullptr)) {}
  SshSession& operator=(SshSession&&) = delete;
  ~SshSession();

  /// Runs a command by the user's login shell, feeds it `input` and its end, collects at most 4 MB.
  /// Code::timed_out at the deadline: it may go on over there.
  Result<SshCompleted> run(const std::string& command, std::string_view input, TimePoint deadline);

  const LibSsh& lib() const { return *lib_; }
  ssh_session raw() const { return raw_; }
  /// What libssh says is wrong.
  Error error(Code code, const std::string& hint = "") const;

 private:
  SshSession(SshHost host, const LibSsh* lib)
      : host_(std::move(host)), lib_(lib), raw_(lib->ssh_new()) {}
  Status configure(const SshSettings& settings);
  void jump_by_same_config(const std::string& config) const;
  Status verify() const;
  Status log_in() const;
  std::string option(ssh_options_e which) const;
  std::string fingerprint() const;

  SshHost host_;
  const LibSsh* lib_;
  ssh_session raw_;
};

}  // namespace ipc::net
