// SPDX-License-Identifier: BSD-3-Clause
// The broadcast channel: one message of a client to many engines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libipc/net/message.hpp"
#include "libipc/net/strangers.hpp"
#include "libipc/sched/broadcast.hpp"
#include "libipc/sched/engine_side.hpp"
#include "libipc/sched/replies.hpp"
#include "libipc/sched/role.hpp"
#include "libipc/util/log.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::sched {

/// The whole tree in one place: a socket for each leaf, engine id modulo the number of leaves.
class BroadcastRelay : public Role {
 public:
  BroadcastRelay(net::Loop& loop, net::Socket clients, std::vector<net::Socket> leaves,
                 wire::Signer signer, std::function<void()> catch_up);

  void engine_added(std::string_view uuid, std::string_view id, bool extensions) override;
  void engine_removed(std::string_view uuid) override;

 private:
  int from_clients();
  int from_leaf(EngineSide& leaf);
  void spread(net::Incoming& message);
  void send_copies(const BroadcastRequest& request, net::Incoming& message);
  void take_reply(net::Incoming& message);
  void send(std::string_view client, BroadcastReply&& reply);
  void answer(Broadcasts::Open& broadcast, std::size_t place, BroadcastReply&& reply, bool ok);
  void engine_lost(const std::string& original_id, const std::string& uuid);

  net::Loop& loop_;
  net::Socket clients_;
  std::vector<std::unique_ptr<EngineSide>> leaves_;
  ReplyMaker maker_;
  Broadcasts open_;
  net::Incoming message_;
  wire::FieldParser parser_;
  wire::DigestHistory seen_;
  net::Strangers strangers_{"broadcast channel"};
  log::Throttle complaints_;
};

}  // namespace ipc::sched
