// SPDX-License-Identifier: BSD-3-Clause
// Messages between engines: what processes here send and receive while requests run.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libipc/engine/letterbox.hpp"
#include "libipc/engine/local_peer.hpp"
#include "libipc/engine/outbox.hpp"

namespace ipc::engine {

/// The engine's post office. Messages travel over *control* (docs/protocol.md), by way of the
/// controller, and wait here until a process receives them. In its loop's thread.
class Messages {
 public:
  Messages(net::Loop& loop, Uplink& uplink, Outbox& outbox);
  ~Messages();

  /// Serves processes that connect to this listening socket.
  void serve(Fd listening);
  /// The number messages are sent under; `relayed`: the controller passes them on.
  void set_engine(int id, bool relayed);

  /// A request or reply of control: true if it was about messages (and may have been kept).
  bool take(RequestPtr& request);
  /// The hub's list of engines, one for each time it was asked.
  void engines_came(const wire::Json& content);
  /// The main kernel is gone, and with it whoever would have read what is here.
  void kernel_ended(const std::string& why);
  /// What was on its way may be lost.
  void controller_was_away();

 private:
  struct Client {
    std::unique_ptr<LocalPeer> peer;
    net::Loop::TimerId timer = 0;
    unsigned long turn = 0;                   // changes when an operation is over
    std::optional<Wanted> wanted;             // a receive that waits
    std::map<std::string, int> under_way;     // of a send: request → engine
    std::map<std::string, std::string> lost;  // why → engines
    std::set<int> lost_to;
  };
  using Number = uint64_t;
  using Op = void (Messages::*)(Number, const wire::Json&, net::Frame&&);

  void accept();
  void closed(Number number);
  void asked(Number number, const wire::Json& request, net::Frame&& body);
  void succeed(Number number, wire::Json head, net::Frame&& body = {});
  void fail(Number number, const char* ename, const std::string& evalue);
  void idle(Client& client);
  void limit(Number number, const wire::Json& request, const std::string& what);

  // what processes ask for
  void op_engines(Number number, const wire::Json&, net::Frame&&);
  void op_discard(Number number, const wire::Json&, net::Frame&&);
  void op_send(Number number, const wire::Json& request, net::Frame&& body);
  void op_receive(Number number, const wire::Json& request, net::Frame&&);

  void with_engines(Number number, std::function<void()> then);
  bool later(Number number, std::function<void()> then);
  bool is_current(Number number, unsigned long turn) const;
  bool knows(const wire::Json& targets) const;
  void send(Number number, const wire::Json& request, const net::Frame& body);
  void sent(Number number, const std::string& id, const Request& reply);
  void finish_send(Number number);
  void withdraw(Client& client);
  void watch(Number number, int engine);
  void engine_gone(int engine, const std::string& why);
  void deliver(Number number, Letter& letter);
  void offer();
  void answer_senders(std::vector<RequestPtr>&& requests);
  void refuse(Request& request, const std::string& why);

  // what other engines ask for
  void message(RequestPtr& request);
  void reply(const Request& reply);

  net::Loop& loop_;
  Uplink& uplink_;
  Outbox& outbox_;
  Fd listening_;
  int id_ = -1;
  bool relayed_ = false;
  std::map<Number, Client> clients_;
  Number next_ = 1;
  Letterbox box_;
  std::map<int, std::string> engines_;  // id → uuid, of all that can be written to
  struct Question {
    Number number;
    unsigned long turn;  // of the client: to a later operation it is nothing
    std::function<void()> then;
  };
  std::deque<Question> questions_;
  std::map<std::string, Number> senders_;  // request → who waits for it
  std::map<int, std::string> watched_;     // engine → request that is answered when it goes
  std::vector<RequestPtr> watchers_;       // those of others, of us
  TimePoint all_back_{};                   // until then engines may join a new controller
};

}  // namespace ipc::engine
