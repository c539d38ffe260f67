// SPDX-License-Identifier: BSD-3-Clause
// iopub: what engines publish goes to every client.
#pragma once

#include <vector>

#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/sched/role.hpp"

namespace ipc::sched {

/// SUB in, PUB out, verbatim and in order; the hub hears of all but busy and idle. These two of an
/// applied function leave a little later, together: nobody waits for them, and each would wake the
/// client while the answer it waits for is made.
class IopubRelay : public Role {
 public:
  /// How long they may be held: busy, until its idle is there; idle, until the answer is through.
  static constexpr Duration kBusyHold = milliseconds(5), kIdleHold = milliseconds(1);

  IopubRelay(net::Loop& loop, net::Socket clients, net::Socket engines, net::EventWriter& tap);

  void engine_added(std::string_view, std::string_view, bool) override {}
  void engine_removed(std::string_view) override {}

 private:
  int from_engines();
  void hold();
  void release();

  net::Loop& loop_;
  net::Socket clients_, engines_;
  net::EventWriter& tap_;
  net::Incoming message_;
  std::vector<net::Frames> held_;
  net::Loop::TimerId timer_ = 0;
  TimePoint due_{};  // of the timer
};

}  // namespace ipc::sched
