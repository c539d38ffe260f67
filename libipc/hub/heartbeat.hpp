// SPDX-License-Identifier: BSD-3-Clause
// The heartbeat's sockets around a HeartMonitor.
#pragma once

#include "libipc/hub/heart_monitor.hpp"
#include "libipc/net/events.hpp"
#include "libipc/net/loop.hpp"

namespace ipc::hub {

/// Pings, listens, tells the hub by `tap`. One thread, that of the loop.
class Heartbeat {
 public:
  Heartbeat(net::Loop& loop, net::Socket ping, net::Socket pong, milliseconds period,
            unsigned max_misses, net::EventWriter& tap);

  /// watch_heart, keep_heart and forget_heart; others are not for us.
  void command(const net::Event& event);

 private:
  void beat();
  void hurry();
  int from_engines();

  net::Loop& loop_;
  net::Socket ping_, pong_;
  HeartMonitor monitor_;
  net::EventWriter& tap_;
  bool hurrying_ = false;
};

}  // namespace ipc::hub
