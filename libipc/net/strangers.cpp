// SPDX-License-Identifier: BSD-3-Clause
// Whose messages have wrong signatures.
#include "libipc/net/strangers.hpp"

#include <vector>

#include "libipc/util/text.hpp"

namespace ipc::net {
namespace {

// More than this many at a time are one who takes a new name for each message.
constexpr size_t kMostPeers = 1000;

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr size_t kShown = 16;
  std::string text;
  for (const char c : bytes.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text + (bytes.size() > kShown ? "…" : "");
}

}  // namespace

std::string peer_text(std::span<const Frame> message) {
  if (message.empty()) return "nobody";
  // The routing identity is the receiving socket's own doing.
  std::string where;
  for (const Frame& frame : message)
    if (where = frame.peer(); !where.empty()) break;
  // Local sockets: "localhost:UID:GID:PID".
  if (const auto parts = split(where, ':'); parts.size() == 4 && parts[0] == "localhost")
    where = "process " + parts[3] + " of user " + parts[1];
  return (where.empty() ? "an unknown address" : where) + " (" + hex_of(message[0].view()) + ")";
}

void Strangers::refuse(std::span<const Frame> message, TimePoint now) {
  if (message.empty()) return;
  if (now >= next_look_ || peers_.size() >= kMostPeers) forget_old(now);
  Peer& peer = peers_[std::string(message[0].view())];
  if (peer.wrong++ == 0) {
    peer.since = now;
    complaints_.warning(channel_ + ": message with a wrong signature dropped, from " +
                        peer_text(message));
  }
  if (peer.wrong < kMost || peer.out) return;
  peer.out = true;
  peer.since = now;
  ++out_;
  complaints_.warning(channel_ + ": " + std::to_string(peer.wrong) +
                      " wrong signatures: for 10 s nothing is taken from " + peer_text(message));
}

bool Strangers::is_out(std::span<const Frame> message, TimePoint now) {
  if (now >= next_look_) forget_old(now);
  const auto found = message.empty() ? peers_.end() : peers_.find(message[0].view());
  return found != peers_.end() && found->second.out;
}

void Strangers::forget_old(TimePoint now) {
  const bool too_many = peers_.size() >= kMostPeers;
  std::erase_if(peers_,
                [&](const auto& entry) { return too_many || now - entry.second.since >= kPause; });
  out_ = 0;
  for (const auto& [name, peer] : peers_) out_ += peer.out ? 1 : 0;
  next_look_ = now + std::chrono::seconds(1);
}

}  // namespace ipc::net
