// SPDX-License-Identifier: BSD-3-Clause
// The engine's sockets to its controller.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "libipc/engine/request.hpp"
#include "libipc/engine/sent_replies.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/net/turn_batch.hpp"
#include "libipc/util/log.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::engine {

/// What the controller's side says, always from the loop.
class UplinkOwner {
 public:
  virtual ~UplinkOwner() = default;
  /// The answer to register_engine(): an id and the period of heartbeats, or why not.
  virtual void registered(int id, Duration heart_period) = 0;
  virtual void refused(const std::string& why) = 0;
  /// All connections stand; heartbeats are about to start.
  virtual void connected() = 0;
  /// A connection broke, the first of perhaps several; ZeroMQ tries to get it back.
  virtual void connection_lost() = 0;
  /// All of them are back.
  virtual void connection_back() = 0;
  /// A verified message from the shell (by way of `route`) or control socket.
  virtual void request(net::Incoming&& message, Route route) = 0;
  /// A verified request that has come before. False: nobody has a reason to send it again.
  virtual bool repeated(net::Incoming& message) = 0;
  /// The answer to ask_for_engines(): a connection_reply's content.
  virtual void engines_came(const wire::Json& content) = 0;
  /// After a batch of requests.
  virtual void requests_taken() = 0;
};

/// Connects, verifies what comes, signs what goes. Lives in its loop's thread.
class Uplink {
 public:
  /// `uuid` is the identity of all sockets and the session of all messages.
  Uplink(net::Context& context, net::Loop& loop, UplinkOwner& owner, const std::string& uuid);
  ~Uplink();
  Uplink(const Uplink&) = delete;
  Uplink& operator=(const Uplink&) = delete;

  /// Connects everything but the broadcast leaf and the hearts. Nothing is waited for. Again:
  /// leaves the controller that was, as when it moved; not from within a call to the owner.
  Status connect(const net::Connection& connection);
  void register_engine(const wire::Json& content);
  /// Connects the leaf of engine `id`, then, as soon as the other connections stand, the hearts:
  /// a heartbeat tells the controller that requests will arrive.
  Status start_hearts(int id);
  /// The way broadcasts for engine `id` come; again with another id after a new registration.
  Status connect_leaf(int id);
  /// Tells the controller that we go. `id` is null if there is none; `begun`: the last task that
  /// has begun, if that is known (Ledger::close).
  void unregister(const wire::Json& id, const std::string& reason,
                  const std::optional<std::string>& begun = {});

  /// Sends once more the replies to work that left since then, as far as they are kept.
  void send_again(TimePoint since);
  /// The reply to that request once more, or for the first time, soon; false if it is not kept.
  bool send_again(std::string_view id);
  /// Whether that reply is kept, and for another client.
  bool is_for_another(std::string_view id, std::string_view client) const;
  /// Sends signed frames on the way `route` came, replies to work when the turn ends. `id`: of the
  /// request that is answered with this for good; empty: it is not.
  void send(Route route, net::Frames&& frames, std::string_view id = {});
  /// Asks the hub which engines there are; each answer goes to the owner.
  void ask_for_engines();
  /// A request of the engine's own to another one, by way of control; returns its id.
  std::string send_to_engine(std::string_view uuid, std::string_view type, std::string content,
                             net::Frames&& buffers = {});
  /// A message of the engine's own to the task scheduler, behind its replies.
  void send_to_scheduler(std::string_view type, std::string content = "{}");
  /// Tells the task scheduler and the hub, by way of the connections that work comes by, that
  /// these stand again, and that what was on its way may be lost.
  void tell_back();
  /// While this holds, replies to work do not leave.
  void hold_replies(bool hold);
  void publish(net::Frames&& frames) { sockets_->iopub.send(std::move(frames)); }
  wire::Signer& signer() { return *signer_; }
  wire::Session& session() { return session_; }
  /// As far as is known: half a connection is found out within `kPeerInterval` of a cut's end.
  bool is_connected() const { return connected_.size() >= wanted_ && subscribed_; }
  static constexpr milliseconds kPeerInterval{5000};
  /// When the last heartbeat came.
  TimePoint last_ping() const { return last_ping_; }
  /// Messages of bad form or signature so far.
  unsigned long long dropped() const { return dropped_; }

 private:
  struct Sockets {
    explicit Sockets(net::Context& context);
    net::Socket registration, shell, control, iopub, ping, pong, shell_events, control_events;
  };
  void close();
  void prepare(net::Socket& socket, bool with_identity);
  Status watch(net::Socket& socket, net::Socket& events, const std::string& name);
  int take_registration();
  int take_requests(net::Socket& socket, bool is_control);
  int take_pings();
  int take_events(net::Socket& events);
  int take_subscriptions();
  bool accept(net::Incoming& message, bool located, bool is_control);
  void connect_hearts();
  void drop(const char* why);
  void sign_again(net::Frames& frames);
  void forget_large_replies();

  net::Context& context_;
  net::Loop& loop_;
  UplinkOwner& owner_;
  net::Connection connection_;
  std::optional<wire::Signer> signer_;
  wire::Session session_;
  wire::DigestHistory history_;
  std::optional<Sockets> sockets_;
  net::TurnBatch replies_;  // to the shell channel
  SentReplies sent_;        // the last of them
  net::Loop::TimerId large_timer_ = 0;
  bool holding_ = false;
  std::vector<std::pair<std::string, net::Frames>> held_;
  std::optional<net::Curve> curve_;
  std::set<std::string> connected_;  // shell's and control's endpoints whose handshake is done …
  size_t wanted_ = 0;                // … and how many before the hearts start
  bool refused_ = false;             // one of them, and the log says so
  bool lost_ = false;                // one of them broke, and not all are back
  bool subscribed_ = false;          // the controller listens to our output
  unsigned times_ = 0;               // connect() was called
  std::set<int> leaves_;             // ports of broadcast that are connected
  bool hearts_wanted_ = false, hearts_started_ = false;
  net::Loop::TimerId timer_ = 0;
  TimePoint last_ping_{};
  unsigned long long dropped_ = 0;
  log::Throttle complaints_;
};

}  // namespace ipc::engine
