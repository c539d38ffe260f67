// SPDX-License-Identifier: BSD-3-Clause
// mux and control: messages between one client and one engine, passed byte for byte.
#pragma once

#include <functional>

#include "libipc/net/message.hpp"
#include "libipc/sched/engine_side.hpp"
#include "libipc/sched/role.hpp"
#include "libipc/util/log.hpp"

namespace ipc::sched {

enum class Channel { mux, control };

/// One direct channel. Verifies nothing and changes nothing; the hub hears of every message by
/// `tap`.
class DirectRelay : public Role {
 public:
  /// `catch_up` reads what the hub has sent so far: asked before a target counts as unknown.
  DirectRelay(net::Loop& loop, net::Socket clients, net::Socket engines, Channel channel,
              net::EventWriter& tap, std::function<void()> catch_up);

  void engine_added(std::string_view uuid, std::string_view id, bool extensions) override;
  void engine_removed(std::string_view uuid) override;
  void command(net::Event& event) override;

 private:
  int from_clients();
  int from_engines();
  void between_engines(bool located);
  void unroutable(net::Frames&& frames);
  void undeliverable(net::Frames&& frames);

  net::Socket clients_;
  EngineSide engines_;
  net::TurnBatch to_clients_;  // after the engines': their work comes first
  Channel channel_;
  net::EventWriter& tap_;
  net::Incoming message_;
  log::Throttle complaints_;
};

}  // namespace ipc::sched
