// SPDX-License-Identifier: BSD-3-Clause
// Whether the controller is there, accepts us, and stays.
#pragma once

#include <functional>
#include <string>

#include "libipc/net/connection.hpp"
#include "libipc/net/loop.hpp"

namespace ipc::client {

struct Options;

/// "controller 4711 on n1", or "controller at tcp://…".
std::string controller_name(const net::Connection& file);

/// Reads the connection file and looks whether its controller lives; errors as users see them.
Result<net::Connection> read_file_of(const Options& options);

/// Watches the hub's socket. After disconnects it looks for the process that wrote the file, and
/// allows some time to come back where it cannot see it.
class Link {
 public:
  /// `on_failure` is called once, when the controller is given up.
  Link(net::Context& context, net::Loop& loop, const net::Connection& file, const Options& options,
       std::function<void(Error)> on_failure);
  /// `on_return` is called when the connection stands again after a break. `can_wait`, of a
  /// controller that keeps its tasks, says whether all that is under way will be done by the next
  /// one: then that may be another one.
  void outlast(std::function<bool()> can_wait, std::function<void()> on_return);

  /// Call before the socket connects. Without a monitor only timers tell. Again: of the socket that
  /// comes in its place.
  Status watch(net::Socket& socket);
  /// The controller has answered: the key is right.
  void answered();
  /// Nothing is awaited any more from here on: be silent.
  void stop();
  ~Link() { stop(); }

 private:
  void take_event(net::ConnectionEvent event);
  void no_answer();
  void look_again();
  void wait_for_next();
  void expect_answer(Duration limit);
  bool is_the_same() const;
  void returned();
  void fail(Error error);
  Error gone() const;
  Error full() const;

  net::Context& context_;
  net::Loop& loop_;
  const net::Connection& file_;
  const Options& options_;
  std::function<void(Error)> on_failure_;
  std::function<bool()> can_wait_;
  std::function<void()> on_return_;
  net::Socket monitor_;
  unsigned times_watched_ = 0;
  net::Loop::TimerId answer_timer_ = 0, patience_timer_ = 0, lost_timer_ = 0;
  TimePoint lost_since_{};
  int refusals_ = 0;    // one after the other
  bool looked_ = false;  // at why the connection does not come back
  bool waits_ = false;  // for the next controller
  bool was_connected_ = false, answered_ = false, ended_ = false;
  bool accepted_ = false;  // it has answered once
};

}  // namespace ipc::client
