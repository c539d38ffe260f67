// SPDX-License-Identifier: BSD-3-Clause
// Whose messages have wrong signatures.
#pragma once

#include <span>
#include <string>

#include "libipc/net/socket.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/string_map.hpp"

namespace ipc::net {

/// The peers of one socket that send wrong signatures: each is named in the log, then counted. One
/// that has sent kMost of them is not listened to for kPause: checking costs more than sending. One
/// thread.
class Strangers {
 public:
  static constexpr unsigned kMost = 20;
  static constexpr Duration kPause = std::chrono::seconds(10);

  /// `channel` begins each line of the log.
  explicit Strangers(std::string channel) : channel_(std::move(channel)) {}

  /// False while the peer this message is from (its first frame) is not listened to. Costs nothing
  /// as long as that is nobody.
  bool listens_to(std::span<const Frame> message) {
    return out_ == 0 || !is_out(message, Clock::now());
  }
  bool listens_to(std::span<const Frame> message, TimePoint now) {
    return out_ == 0 || !is_out(message, now);
  }
  /// This message has a wrong signature, and is to be dropped.
  void refuse(std::span<const Frame> message) { refuse(message, Clock::now()); }
  void refuse(std::span<const Frame> message, TimePoint now);

 private:
  struct Peer {
    TimePoint since;     // of the first one, or of the pause
    unsigned wrong = 0;  // since then
    bool out = false;
  };
  bool is_out(std::span<const Frame> message, TimePoint now);
  void forget_old(TimePoint now);

  std::string channel_;
  StringMap<Peer> peers_;  // by routing identity
  size_t out_ = 0;
  TimePoint next_look_{};
  log::Throttle complaints_;
};

/// Who that is, for the log: "10.0.0.5 (6b8b4567…)", "process 812 of user 1000 (…)".
std::string peer_text(std::span<const Frame> message);

}  // namespace ipc::net
