// SPDX-License-Identifier: BSD-3-Clause
// What a Connection can talk to instead of a controller.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libipc/client/message.hpp"
#include "libipc/net/loop.hpp"

namespace ipc::client {

/// Takes requests in place of a controller and its engines, in the connection's thread: those to
/// engines, tasks, `connection_request`, `cancel_request` and `answer_request`.
class StandIn {
 public:
  virtual ~StandIn() = default;

  /// Gives the connection a message about request `id`: its reply, or what comes before it.
  using Deliver =
      std::function<void(const std::string& id, std::string_view type, net::Incoming&& message)>;

  /// Called once, first of all. The loop outlives it.
  virtual void begin(net::Loop& loop, Deliver deliver) = 0;
  /// Delivers from the loop, never from within.
  virtual void take(const std::string& id, Request request) = 0;
};

}  // namespace ipc::client
