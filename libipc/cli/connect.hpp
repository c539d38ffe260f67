// SPDX-License-Identifier: BSD-3-Clause
// From the common options to a connection and to the engines meant.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// Which connection file, and how long to wait, by --connection, --profile …, --connect-timeout
/// and the environment ($IPKIT_CONNECTION and what config/paths.hpp lists). Remarks go to stderr.
Result<client::Options> connection_options(const Arguments& arguments);

/// Opens it. Does not wait.
Result<std::unique_ptr<client::Connection>> connect(const Arguments& arguments, bool direct = true);

/// Waits for the engine table and chooses by -t and -x. Code::not_ready when no engine is there and
/// all are meant.
Result<std::vector<int>> choose_engines(client::Connection& connection, const Arguments& arguments);

/// The same, and all of them have to have the kernels that are asked for. Code::no_engine.
Result<std::vector<int>> choose_kernels(client::Connection& connection, const Arguments& arguments);

/// While it lives, a signal (signals.hpp) interrupts the connection's waits, which return an error;
/// the caller returns that. Its destructor then cancels what is in flight, and the rim ends the
/// program by that signal. What handlers of the loop's turns use has to outlive it.
class SignalGuard {
 public:
  explicit SignalGuard(client::Connection& connection);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// Readable once a signal was noted.
  int fd() const { return interrupts_.fd(); }

 private:
  Interrupts interrupts_;
  client::Connection& connection_;
};

/// Waits for the jobs a stage before this one left (pipeline.hpp). Code::failed "not run: …" if one
/// did not end well.
Status await_jobs(client::Connection& connection, const std::vector<std::string>& ids);

/// The kernel that --kernel or --sh names; empty: the main one.
std::string chosen_kernel(const Arguments& arguments);

/// The same where --kernel may name several, with commas between; at least one. Code::usage for one
/// named twice.
Result<std::vector<std::string>> chosen_kernels(const Arguments& arguments);

}  // namespace ipc::cli
