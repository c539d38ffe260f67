// SPDX-License-Identifier: BSD-3-Clause
// The ipcluster process that stays: starts controller and engines, knows how each ended, stops
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/ipcluster/events.hpp"
#include "cmd/ipcluster/launcher.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/state.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/util/daemonize.hpp"
#include "libipc/util/lock.hpp"

namespace ipc::cluster {

/// One cluster's life. Single-threaded; nothing is restarted, everything is reported.
class Supervisor {
 public:
  /// `daemon`: the background side of a daemon, or null in the foreground.
  Supervisor(Plan plan, Daemon* daemon) : plan_(std::move(plan)), daemon_(daemon) {}

  /// From the lock to the last process's end; the exit status, or why nothing came of it.
  Result<int> run();

 private:
  Status start();
  Status take_lock();
  Status check_leftovers();
  Status start_controller();
  Status await_controller();
  Error controller_failed() const;

  /// Starts `count` engines; `first` is where they begin in state_.engines.
  Status launch_engines(const Plan& plan, int count, size_t& first);
  /// Until `wanted` of the engines from `first` on are ready or cannot become so. The text says how
  /// many are ready, or Code::not_ready who is missing.
  Result<std::string> await_engines(size_t first, int wanted, Duration limit);
  Status watch_registrations(size_t first, int wanted, TimePoint deadline);
  void match(const client::EngineTable& table);
  /// True if one was asked.
  bool ask_launchers(bool also_ready = false);
  void learn(Process& process, const config::Launched& now);
  void tell_end(const Process& process) const;
  /// Says whom we wait for and why, when that is another answer than before.
  void tell_waiting(size_t first);
  /// Engines that registered after nobody waited for them any more.
  void meet_late_ones();
  Error incomplete(size_t first, Duration waited) const;
  int count_ready(size_t first) const;
  int count_pending(size_t first) const;

  Status serve();
  void serve_request(Request request);
  void add_engines(Request& request);
  void remove_engines(Request& request);

  /// Takes what ended; true if something did.
  bool absorb();
  void note_end(Process& process, int wait_status);
  bool should_end() const { return events_.signal() != 0; }
  bool controller_ended() const { return state_.controller && state_.controller->ended(); }
  Status interrupted() const;
  void stop_everything();
  void stop_role(const std::string& role);
  void remember();

  void report(const std::string& text) const;
  void tell_ready(const std::string& text);
  void tell_incomplete(const Error& error);

  Plan plan_;
  Daemon* daemon_;
  std::optional<LockFile> lock_;
  Events events_;
  State state_;
  TimePoint next_look_;  ///< at what launchers know
  Duration pause_ = milliseconds(500);
  std::string waiting_;  ///< what was last said of it
  bool clear_ = false;   ///< the lock is ours and nothing of an earlier cluster runs
};

}  // namespace ipc::cluster
