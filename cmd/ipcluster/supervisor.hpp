// SPDX-License-Identifier: BSD-3-Clause
// The ipcluster process that stays: starts controller and engines, knows how each ended, stops
// them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/ipcluster/elastic.hpp"
#include "cmd/ipcluster/events.hpp"
#include "cmd/ipcluster/launcher.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/state.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/daemonize.hpp"
#include "libipc/util/lock.hpp"

namespace ipc::cluster {

/// One cluster's life. Single-threaded; nothing is restarted but a controller that died and what an
/// elastic cluster needs, everything is reported.
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
  Status start_controller(bool restore = false);
  Status await_controller();
  Error controller_failed() const;
  /// Another one in place of one that died, with the same files; false if there is to be none.
  bool restart_controller();
  void rest(Duration time);

  /// Starts `count` engines; `first` is where they begin in state_.engines.
  Status launch_engines(const Plan& plan, int count, size_t& first);
  /// Until `wanted` of the engines from `first` on are ready or cannot become so. The text says how
  /// many are ready, or Code::not_ready who is missing.
  Result<std::string> await_engines(size_t first, int wanted, Duration limit);
  client::Options hub_options() const;
  Status watch_registrations(size_t first, int wanted, TimePoint deadline);
  void match(const client::EngineTable& table);
  /// True if one was asked.
  bool ask_launchers(bool also_ready = false);
  void learn(Process& process, const config::Launched& now);
  void tell_end(const Process& process) const;
  /// Says whom we wait for and why, when that is another answer than before.
  void tell_waiting(size_t first);
  void tell_count(size_t first);
  /// To who waits for the cluster, and to the log.
  void note(const std::string& text);
  /// Engines that registered after nobody waited for them any more.
  void meet_late_ones();
  Error incomplete(size_t first, Duration waited) const;
  std::vector<std::string> living(const std::string& kind) const;
  int count_ready(size_t first) const;
  int count_pending(size_t first) const;

  Status serve();
  void serve_request(Request request);
  void add_engines(Request& request);

  // engines come and go (scaling.cpp)
  /// The connection that stays, opened where there is none.
  Result<client::Connection*> hub();
  void drop_hub();
  /// The engines matched, and what they have to do.
  Result<client::QueueState> look_at_hub();
  void note_gone(const client::EngineTable& table);
  ElasticNumbers numbers(const client::QueueState& queue) const;
  /// Does what the policy says, when it is time for that.
  void scale();
  void watch_queue(bool has_engines);
  void carry_out(const ElasticOrders& orders);
  void trouble(const std::string& text);
  void engine_ended(Process& process, const std::string& before);
  void drain(Process& process);
  Status end_engines(const std::vector<std::string>& keys, const std::string& why);
  void mark_ended(const std::vector<std::string>& keys, const std::string& why);
  void forget_ended();
  void tell_elastic(const ElasticOrders& orders);
  Result<std::vector<std::string>> choose_leavers(const Request& request,
                                                  const ElasticNumbers& numbers) const;
  void remove_engines(Request& request);
  void finish_removals();

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
  /// The same of what is as it should be.
  void tell(const std::string& text) const;
  TimePoint next_event() const;
  void tell_ready(const std::string& text);
  void tell_incomplete(const Error& error);

  Plan plan_;
  Daemon* daemon_;
  std::optional<LockFile> lock_;
  Events events_;
  State state_;
  TimePoint next_look_;  ///< at what launchers know
  Duration pause_ = milliseconds(500);
  std::string waiting_;     ///< what was last said of it
  TimePoint next_count_{};  ///< of engines that are there, said to who waits
  std::optional<Elastic> elastic_;
  std::unique_ptr<client::Connection> hub_;
  bool watches_queue_ = false;  ///< the hub will say when tasks wait
  TimePoint next_scale_{}, last_scale_{};
  struct Removal {
    Request request;
    std::vector<std::string> keys;
    std::vector<int> engines;
    TimePoint deadline;
  };
  std::vector<Removal> removals_;
  TimePoint next_removal_look_{};
  std::deque<TimePoint> restarts_;  ///< of the controller, of the last ten minutes
  bool clear_ = false;              ///< the lock is ours and nothing of an earlier cluster runs
};

}  // namespace ipc::cluster
