// SPDX-License-Identifier: BSD-3-Clause
// iopub: what engines publish goes to every client.
#pragma once

#include <vector>

#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/net/send_limit.hpp"
#include "libipc/sched/role.hpp"

namespace ipc::sched {

/// SUB in, XPUB out, verbatim and in order; the hub hears of all but busy and idle. These two of an
/// applied function leave a little later, together: nobody waits for them, and each would wake the
/// client while the answer it waits for is made. What a subscriber does not read waits, up to a
/// limit; what is beyond is dropped, and the log says so.
class IopubRelay : public Role {
 public:
  /// How long they may be held: busy, until its idle is there; idle, until the answer is through.
  static constexpr Duration kBusyHold = milliseconds(5), kIdleHold = milliseconds(1);

  /// The limits: of messages for each subscriber (the socket's), and of bytes for all.
  static constexpr int kMostMessages = 50000;
  static constexpr std::uint64_t kMostUnsent = 256u << 20;

  /// `clients` has its limit already (net::set_send_limit).
  IopubRelay(net::Loop& loop, net::Socket clients, net::Socket engines, net::EventWriter& tap,
             std::uint64_t most_unsent = kMostUnsent);

  /// Messages that nobody got, as too many bytes waited.
  std::uint64_t lost() const { return lost_; }

  void engine_added(std::string_view, std::string_view, bool) override {}
  void engine_removed(std::string_view) override {}

 private:
  int from_engines();
  int from_subscribers();
  void send(net::Frames& frames);
  void dropped(const std::string& what);
  void hold();
  void release();

  net::Loop& loop_;
  net::Socket clients_, engines_;
  net::EventWriter& tap_;
  net::Incoming message_;
  std::vector<net::Frames> held_;
  net::UnsentBytes unsent_;
  std::uint64_t most_unsent_, lost_ = 0;
  unsigned topics_ = 0;  // somebody wants
  TimePoint quiet_until_{};
  net::Loop::TimerId timer_ = 0;
  TimePoint due_{};  // of the timer
};

}  // namespace ipc::sched
