// SPDX-License-Identifier: BSD-3-Clause
// A small process that cleans up after an engine that was killed.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "libipc/engine/ledger.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::engine {

/// The engine's end of the guard. When the engine's process ends without leave(), the guard kills
/// the process groups it was told of and tells the controller that the engine died, and what it had
/// begun by then. It has no other descriptor of the engine's and ignores the terminal's signals.
class Guard {
 public:
  /// Forks: call before any thread exists. The guard process never returns from here. `ledger` (not
  /// owned) may be null.
  static Result<Guard> start(Ledger* ledger = nullptr);

  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) noexcept = default;

  void group_started(pid_t group);
  void group_ended(pid_t group);
  /// Where to report that engine `id` died; again after each registration.
  void registered(int id, const net::Connection& connection);
  /// The engine is about to end because its kernel did: the guard then acts as if it had been
  /// killed, whether leave() is called or not. The news comes a moment late: after the replies that
  /// say why, which go another way.
  void report_death();
  /// Nothing begins any more: the last task that had, as the guard would tell (Ledger::close).
  std::optional<std::string> last_begun() { return ledger_ ? ledger_->close() : std::nullopt; }
  /// The engine ends by itself: the guard goes quietly. Waits until it is gone (it always goes at
  /// once).
  void leave();

 private:
  Guard(Fd pipe, pid_t pid, Ledger* ledger) : pipe_(std::move(pipe)), pid_(pid), ledger_(ledger) {}
  void tell(std::string_view line);

  Fd pipe_;
  pid_t pid_ = 0;
  Ledger* ledger_;
  bool reports_ = false;
};

}  // namespace ipc::engine
