// SPDX-License-Identifier: BSD-3-Clause
// One client's connection to a controller: requests out, replies and output in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/engines.hpp"
#include "libipc/client/message.hpp"
#include "libipc/client/stand_in.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/net/loop.hpp"

namespace ipc::client {

/// Where the controller is and how to speak of it.
struct Options {
  std::string path;                 ///< of the client's connection file
  std::string profile = "default";  ///< for messages only
  std::string cluster_id;           ///< for messages only
  Duration patience = seconds(10);  ///< for the controller's first answer
  bool direct = true;               ///< connect the direct channel at once, beside the hub's
  bool broadcast = false;           ///< send_to_all() sends one message
  bool outlast = true;              ///< wait for the next controller, if that has our tasks
  /// The process ends with the connection: nothing is closed then, which takes longer than the
  /// end of the process does and sends as little (sockets have LINGER 0).
  bool is_last = false;
  /// Instead of all the above: what takes the requests in place of a controller.
  std::shared_ptr<StandIn> stand_in = {};
  /// Gets remarks such as "waiting for engines: …", once each. May be empty.
  std::function<void(const std::string&)> remark;
};

/// The only object of the layer with sockets. Everything runs in the caller's thread, inside wait()
/// and loop().turn(); handlers may send and cancel. Nothing is printed.
///
/// Every wait ends at once with an error when the controller is gone (Code::no_controller) or
/// interrupt() was called (Code::failed, "interrupted").
class Connection {
 public:
  /// Reads the file, looks whether its controller lives, opens sockets and asks for the engines,
  /// but does not wait. Code::no_controller, refused, bad_input: text for users, with what to do.
  static Result<std::unique_ptr<Connection>> open(Options options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Add descriptors and timers of your own here (stdin, a signalfd).
  net::Loop& loop();
  const net::Connection& file() const;
  /// "controller 4711 on n1", or by its address if the file does not say.
  std::string controller() const;

  /// The engines as of the connection's start (or the last refresh); waits for the first answer.
  /// Also the proof that the controller accepts our key (else Code::refused after 2 s). Valid until
  /// the next refresh.
  Result<const EngineTable*> engines();
  Result<const EngineTable*> refresh_engines();
  /// Code::not_ready: "no engines yet: controller 4711 on n1 has 0; …".
  Error no_engines() const;

  /// To one engine, on the direct channel. Returns the msg_id, or Code::no_engine. Call engines()
  /// first. Requests of one connection to one engine arrive in order.
  Result<std::string> send(int engine, Request request, ReplyHandler on_reply);
  /// The same to each of `engines`; with Options::broadcast as one message, which the controller
  /// spreads and keeps no records of. Broadcasts are not in order with what send() sends.
  Status send_to_all(const std::vector<int>& engines, Request request,
                     const ReplyHandler& on_reply);
  bool broadcasts() const;
  /// To whichever engine is free. Callers look at room() first: nothing else bounds the queue.
  std::string submit(Request request, ReplyHandler on_reply);
  /// To each of several engines with one message, of which the controller makes the copies; to each
  /// by itself where that cannot be. `on_reply` is called for each.
  Status broadcast(const std::vector<int>& engines, Request request, const ReplyHandler& on_reply);
  /// To an engine on its control channel (answered while it is busy).
  Result<std::string> control(int engine, Request request, ReplyHandler on_reply);
  /// To the hub.
  std::string ask(std::string_view type, std::string content, ReplyHandler on_reply);
  /// The same, waiting. An error reply is an Error (Code::failed, "ename: evalue").
  Result<Reply> ask_and_wait(std::string_view type, std::string content,
                             TimePoint deadline = TimePoint::max());

  /// From here on the end of the controller is one, though it keeps its tasks: nobody waits for the
  /// next.
  void expect_end();
  /// For messages of directed requests, before their reply.
  void on_output(OutputHandler handler);
  /// While `held` engines do not hear that their output was taken: code that was sent to one of
  /// them waits as soon as 16 MB are on the way (libipc/engine/pace.cpp).
  void hold_output(bool held);

  /// True if fewer tasks are unanswered than the window allows. The window is 500 until the engines
  /// are known, then 4 times what they take at once (at least 16), unless set.
  bool room() const;
  void set_window(size_t tasks);
  size_t tasks_in_flight() const;
  /// Requests to engines and tasks without a reply.
  size_t in_flight() const;

  /// Runs the loop until `done()` (asked before each turn). Code::timed_out at the deadline.
  Status wait(const std::function<bool()>& done, TimePoint deadline = TimePoint::max());
  /// Until every request to an engine and every task is answered.
  Status wait_all(TimePoint deadline = TimePoint::max());

  /// Makes the present and all later waits return. From the loop's thread (a signalfd handler).
  void interrupt();
  bool interrupted() const;

  /// Withdraws requests, or interrupts them if they run; does not wait, their replies still come.
  /// Where the controller is not ours: what an abort_request can do.
  void cancel(const std::vector<std::string>& ids);
  /// Cancels everything unanswered and waits, also after interrupt(), until that was taken, at most
  /// `limit`. Handlers are not called any more, nothing is in flight afterwards.
  void cancel_all(Duration limit = milliseconds(500));
  /// The reply, if it comes, is ignored; the request goes on.
  void forget(const std::string& id);
  /// The same for every request in flight.
  void forget_all();

 private:
  struct Impl;
  static Result<std::unique_ptr<Connection>> open_stand_in(Options options);
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipc::client
