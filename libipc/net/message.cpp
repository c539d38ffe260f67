// SPDX-License-Identifier: BSD-3-Clause
// From message parts to signed frames and back.
#include "libipc/net/message.hpp"

namespace ipc::net {

Frames encode(wire::Signer& signer, std::span<const std::string_view> identities,
              Outgoing&& message) {
  Frames frames;
  frames.reserve(identities.size() + 6 + message.buffers.size());
  for (const auto identity : identities) frames.emplace_back(identity);
  frames.emplace_back(wire::kDelimiter);
  frames.emplace_back(
      signer.sign(message.header, message.parent, message.metadata, message.content));
  frames.push_back(Frame::adopt(std::move(message.header)));
  frames.push_back(Frame::adopt(std::move(message.parent)));
  frames.push_back(Frame::adopt(std::move(message.metadata)));
  frames.push_back(Frame::adopt(std::move(message.content)));
  for (auto& buffer : message.buffers) frames.push_back(std::move(buffer));
  return frames;
}

bool Incoming::receive(Socket& socket, bool& located) {
  if (!socket.receive(frames)) return false;
  located = locate();
  return true;
}

bool Incoming::locate() {
  view_frames(frames, views);
  auto found = wire::locate(views);
  if (found) view = *found;
  return static_cast<bool>(found);
}

}  // namespace ipc::net
