// SPDX-License-Identifier: BSD-3-Clause
// The replies an engine sent last, in case the controller died before it had read them.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::engine {

/// Nobody acknowledges replies, so what a broken connection swallowed is not known: a bounded
/// number of them is kept and sent again. One thread.
class SentReplies {
 public:
  static constexpr size_t kReplies = 512, kBytes = 16 << 20;
  /// How long the last ones may have more bytes than that: as long as a client waits for a
  /// connection that broke.
  static constexpr Duration kLarge = seconds(60);

  /// Copies small frames (they would pin the buffers they were received in) and shares large ones.
  /// `id`: of the request this is the reply to; empty: it is none.
  void keep(const net::Frames& frames, std::string_view id, TimePoint now);
  /// Drops the oldest that left before then, until the rest has no more than kBytes.
  void forget_large(TimePoint before);
  /// The reply to `id`, made anew; empty if it is not here.
  net::Frames find(std::string_view id) const;
  /// Those kept that left since then, oldest first, made anew.
  void each(TimePoint since, const std::function<void(net::Frames&)>& send) const;
  size_t size() const { return sent_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Sent {
    TimePoint when;
    std::string id;
    std::string small;  // of each frame its size and its bytes; none if it is in `large`
    std::vector<net::Frame> large;
    size_t bytes = 0;
  };
  Sent recycled();
  static net::Frames frames_of(const Sent& sent);

  std::deque<Sent> sent_;
  size_t bytes_ = 0;
};

}  // namespace ipc::engine
