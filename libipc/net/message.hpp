// SPDX-License-Identifier: BSD-3-Clause
// From message parts to signed frames and back.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/wire/codec.hpp"

namespace ipc::net {

/// A message to be sent: JSON texts and raw buffers, all owned.
struct Outgoing {
  std::string header;
  std::string parent = "{}";
  std::string metadata = "{}";
  std::string content = "{}";
  std::vector<Frame> buffers;
};

/// Signed frames: identities, delimiter, signature, the four texts, buffers.
Frames encode(wire::Signer& signer, std::span<const std::string_view> identities,
              Outgoing&& message);

/// A received message with views of its parts; owns its frames. Reusable: one for each socket.
struct Incoming {
  Frames frames;
  std::vector<std::string_view> views;
  wire::View view;

  /// Takes the next message of `socket`: false if there is none. `located` says whether it has the
  /// form of a message; if not, `frames` are there all the same.
  bool receive(Socket& socket, bool& located);
  /// The frames changed (one was removed or added): finds the parts anew.
  bool locate();
};

}  // namespace ipc::net
