// SPDX-License-Identifier: BSD-3-Clause
// Going into the background, with a parent that waits until the daemon is ready.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libipc/util/clock.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc {

/// What the parent hears: the status to exit with and text for the user (may be empty).
struct DaemonReport {
  int status = 0;
  std::string message;
};

/// What the parent does with a line that the daemon has for the user before it is ready.
using DaemonNote = std::function<void(std::string_view)>;

/// One side of a daemon's start. The parent gets `report` filled and has nothing left to do but
/// print and exit; the daemon must call `tell` once, and until then can see whether anybody
/// listens.
class Daemon {
 public:
  /// Forks; call before any thread exists. The daemon has its own session, /dev/null as
  /// 0, `log_path` (appended, 0600; empty: /dev/null) as 1 and 2, no other descriptor, and
  /// keeps the working directory. The parent returns when the daemon told or ended, or after
  /// `limit` (the daemon is then ended and the status is 124).
  static Result<Daemon> start(const std::string& log_path, Duration limit,
                              const DaemonNote& note = {});

  bool is_parent() const { return parent_; }
  const DaemonReport& report() const { return report_; }  ///< parent only

  /// Daemon: the parent exits with `status` and prints `message`. Once; later calls do nothing.
  void tell(int status, std::string_view message);
  /// Daemon: hands a line to the parent, which goes on waiting.
  void note(std::string_view line);
  /// Daemon: false if the parent died before it was told anything (Ctrl-C): give up.
  bool has_listener() const;
  /// Daemon: polls as POLLERR when the parent died; -1 once it was told.
  int fd() const { return pipe_.get(); }

 private:
  Daemon() = default;
  void listen(pid_t child, Duration limit, const std::string& log_path, const DaemonNote& note);
  void send(std::string_view bytes);

  bool parent_ = false;
  DaemonReport report_;
  Fd pipe_;
};

}  // namespace ipc
