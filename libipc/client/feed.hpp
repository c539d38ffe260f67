// SPDX-License-Identifier: BSD-3-Clause
// What engines publish for everybody: output, and what they are at.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "libipc/net/connection.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/util/result.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::client {

/// The controller's iopub socket, for engines that do not send output with their replies. Everybody
/// gets everything: the owner picks what is its own.
class Feed {
 public:
  /// A signed message: the msg_id of the request it belongs to, its type, the engine's id or -1.
  using Handler = std::function<void(std::string_view parent, std::string_view type, int engine,
                                     const net::Incoming& message)>;

  Feed(net::Context& context, net::Loop& loop, wire::Signer signer);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Connects; `on_connected` is called once, when what is asked of the controller from then on is
  /// behind our subscription.
  Status open(const net::Connection& file, const net::Curve* curve, Handler handler,
              std::function<void()> on_connected);
  bool is_open() const { return socket_.has_value(); }

 private:
  int drain();
  void take();
  int watch();
  void stop_watching();

  net::Context& context_;
  net::Loop& loop_;
  wire::Signer signer_;
  wire::FieldParser parser_, type_parser_;
  net::Incoming incoming_;
  std::optional<net::Socket> socket_, monitor_;
  bool watching_ = false;
  Handler handler_;
  std::function<void()> on_connected_;
};

/// What a `stream` message of Jupyter's says, the bytes as they were printed.
std::string stream_text(std::string_view content);

}  // namespace ipc::client
