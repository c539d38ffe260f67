// SPDX-License-Identifier: BSD-3-Clause
// The engine: supervises kernels, answers the controller, never blocks and never runs user code.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libipc/engine/kernels.hpp"
#include "libipc/engine/messages.hpp"
#include "libipc/engine/queue.hpp"
#include "libipc/engine/uplink.hpp"
#include "libipc/engine/watchdog.hpp"
#include "libipc/util/memory.hpp"

namespace ipc::engine {

/// What an engine is told when it starts.
struct EngineConfig {
  std::string kernel = "python";  ///< the main one
  std::optional<int> id;          ///< asked for; the controller may give another
  std::string uuid;               ///< empty: a random one
  std::string profile_dir;        ///< told to kernels
  std::string startup_script;     ///< run in the main kernel at each start of it: a file …
  std::string startup_command;    ///< … and code
  bool mpi = false;               ///< the kernel is a process of an MPI program: a gentle end
  std::string mpi_code;           ///< run first of all in a main kernel of python
  Duration registration_delay{0};
  std::string connection_path;  ///< for messages; empty if there is no file
  /// The connection as the file has it now, to find a controller that moved; may be empty.
  std::function<Result<net::Connection>()> find_connection;
  Duration registration_limit = seconds(60);
  Duration orphan_limit = seconds(60);     ///< a controller of this host gone for so long: stop
  int max_heartbeat_misses = 50;           ///< 0: never stop for that
  bool restart = true;                     ///< the main kernel when it ends; else the engine ends
  size_t restarts = 5;                     ///< so often in a minute, then requests are refused
  std::uint64_t reader_window = 16 << 20;  ///< bytes a client has not taken: its code waits …
  Duration reader_limit = seconds(60);     ///< … for so long; after that it gets no more of them
  Duration reader_look = seconds(1);       ///< so often it is looked whether that one has gone
  Limits limits;
  Duration lifetime{0};                ///< from `born` on, then it drains; 0: none
  Duration drain_limit = seconds(60);  ///< then what still runs is interrupted
  TimePoint born = Clock::now();
};

/// One engine in one loop. Start it, run the loop, and destroy it after `ended` was called.
class Engine : private KernelOwner, private UplinkOwner {
 public:
  struct Callbacks {
    std::function<void(int id)> registered;
    /// The last word: success for a clean stop. Nothing of the engine runs any more.
    std::function<void(const Status& outcome)> ended;
  };

  /// `guard` may be null. Nothing passed here is owned.
  Engine(net::Context& context, net::Loop& loop, KernelLauncher& launcher, Guard* guard,
         EngineConfig config, Callbacks callbacks);
  ~Engine() override;

  /// Processes of the kernels may connect here to send and receive messages (MessageSocket).
  void serve_messages(Fd listening) { messages_.serve(std::move(listening)); }

  /// A signal sent to the engine's own process: USR1 and USR2 are the kernel's, INT is that of the
  /// request that runs. False: it is meant for the engine.
  bool pass_signal(int number);

  /// Starts the main kernel and connects. An error: nothing runs.
  Status start(const net::Connection& connection);
  /// Leaves the controller and ends the kernels; `ended` follows. Again: nothing.
  void stop(const std::string& reason, Status outcome = {});
  /// Takes no more work, ends what runs, leaves the controller and stops. `why` is for people. What
  /// runs has the configured limit, or if `patient` all the time it needs, unless this is called
  /// again without.
  void drain(const std::string& why, bool patient = false);
  int id() const { return id_; }

 private:
  // life (engine.cpp)
  void registered(int id, Duration heart_period) override;
  void refused(const std::string& why) override;
  void connected() override;
  void register_now(bool again);
  wire::Json registration_facts();
  void watch_hearts(Duration period);
  void finish_stop();
  void cancel_timers();
  void run_startup_code();
  void hello(Kernel& kernel);

  // the controller goes and comes (absence.cpp)
  void connection_lost() override;
  void connection_back() override;
  void hearts_are_back();
  void look_for_controller();
  void move_to(const net::Connection& connection);
  void look_around();
  void await_confirmation();
  void confirmed(Route route);
  void come_anew();
  void connect_anew();
  void joined_again(int id);
  bool comes_again(const Request& request);
  bool is_known(const std::string& msg_id);
  void repeat_reply(const Request& request);

  // its time is over (drain.cpp)
  void tell_scheduler();
  void hand_back_unbegun();
  bool turn_away(Request& request);
  void check_drained();
  void leave();
  void drain_is_late();

  // a kernel that runs several requests at a time, and may go and come (slots.cpp)
  void tell_slots();
  void tell_facts();
  void take_slots(Kernel& kernel, std::string_view content);
  bool is_away();
  void cluster_away(KernelSlot& slot);
  void hand_back_while_away();
  bool comes_round(const Request& request);
  bool runs(const Request& request);
  Request* answered(KernelSlot& slot, std::string_view parent, std::uint64_t number);

  // kernels (engine.cpp)
  void kernel_ready(Kernel& kernel) override;
  void kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) override;
  void kernel_idle(Kernel& kernel) override;
  void main_never_started(const Kernel& kernel, const std::string& why);
  void died(KernelSlot& slot, const std::string& why);
  void end_with_kernel(const std::vector<RequestPtr>& lost, const KernelSlot& slot);
  void restart(KernelSlot& slot);

  // requests and replies (requests.cpp)
  void request(net::Incoming&& message, Route route) override;
  bool repeated(net::Incoming& message) override;
  void requests_taken() override { pump(); }
  void engines_came(const wire::Json& content) override { messages_.engines_came(content); }
  void pump();
  enum class Fed { written, waits, refused };  // refused: answered and gone
  Fed feed(Request& request, KernelSlot& slot);
  bool prepare(KernelSlot& slot);
  void begin(Request& request);
  void kernel_message(Kernel& kernel, const KernelMessage& message) override;
  void kernel_output(Kernel& kernel, bool is_stderr, std::string_view bytes) override;
  void take_reply(KernelSlot& slot, const KernelMessage& message,
                  std::span<const std::string_view> head);
  void pass_reply(KernelSlot& slot, Request& request, const KernelMessage& message,
                  std::span<const std::string_view> head);
  void report(const Request& request, std::string_view state);
  void abort(std::vector<RequestPtr>&& requests);
  void fail(Request& request, std::string_view ename, const std::string& evalue, int generation);

  // output that is taken slowly (pace.cpp)
  void pace(KernelSlot& slot, Request* request, std::size_t bytes);
  void taken_request(Request& request);
  void await_reader();
  void look_for_reader();
  void give_up_reader(Request& request, const std::string& why);
  bool awaits_reader(const Request& request);
  void read_on(Kernel& kernel);

  // what is shown to whoever watches (watch.cpp)
  void show_request(Request& request);
  void state_request(Request& request);
  void show_code(Request& request);
  void show_end(Request& request, const KernelMessage& message, bool failed);

  // control (control.cpp)
  bool handle(Request& request);
  void unwrite();
  void unwrite(std::span<const std::string> ids);
  void abort_request(Request& request);
  void cancel_request(Request& request);
  void signal_request(Request& request);
  void interrupt_request(Request& request);
  void answer_request(Request& request);
  void send_answer(const Request& running, std::string_view content);
  void drain_request(Request& request);
  void shutdown_request(Request& request);
  bool interrupt_running();
  Status signal_kernel(int number);
  void answer(Request& request, std::string content, std::string_view type = {},
              std::string_view status = "ok");

  net::Loop& loop_;
  Guard* guard_;
  EngineConfig config_;
  Callbacks callbacks_;
  net::Connection connection_;
  Uplink uplink_;
  Outbox outbox_;
  Messages messages_;
  KernelSet kernels_;
  Queue queue_;
  SpareMemory spare_;
  Watchdog watchdog_;
  wire::FieldParser parser_;
  int id_ = -1;
  bool asked_ = false, stopping_ = false, ended_ = false;
  TimePoint watched_until_{};
  Status outcome_;
  int missed_ = 0;
  TimePoint checked_{};                  // last look at the heartbeats
  std::optional<TimePoint> lost_since_;  // a connection; until the engine is registered again
  std::optional<TimePoint> gone_since_;  // the controller's process
  TimePoint repeats_until_{};            // a new one may send what the old one has sent
  bool anew_ = false;                    // since it was lost the sockets are others …
  bool elsewhere_ = false;               // … and go to other addresses
  net::Loop::TimerId hearts_timer_ = 0, registration_timer_ = 0, search_timer_ = 0;
  std::set<Route> unconfirmed_;           // by which the controller has not said that it hears us
  net::Loop::TimerId confirm_timer_ = 0;  // until it has
  Duration confirm_limit_{};              // of the last try
  net::Loop::TimerId back_timer_ = 0, lifetime_timer_ = 0, drain_timer_ = 0, linger_timer_ = 0;
  net::Loop::TimerId pace_timer_ = 0, cluster_timer_ = 0;
  TimePoint reader_since_{};  // has it taken nothing
  struct Drain {
    bool on = false;
    bool told = false;  // the scheduler sends nothing more, or cannot be told
    bool left = false;  // the controller; what was on its way may still come …
    bool over = false;  // … until now
    bool late = false;  // what runs has had its time
    std::string why, verdict;
  };
  Drain drain_;
};

}  // namespace ipc::engine
