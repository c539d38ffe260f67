// SPDX-License-Identifier: BSD-3-Clause
// How much a socket keeps for a peer that does not read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "libipc/net/socket.hpp"

namespace ipc::net {

/// Messages for each peer; what is beyond is dropped by PUB and XPUB, refused by others. Before the
/// socket binds or connects.
void set_send_limit(Socket& socket, int messages);

/// publish() says what an XPUB drops.
void tell_of_drops(Socket& xpub);

/// Sends to all subscribers of an XPUB that keep up. False when it has just been found that one
/// does not: that one has not got it, and gets no more before half of what waits for it is taken.
bool publish(Socket& xpub, std::span<Frame> frames);

/// Bytes of large frames that were given to ZeroMQ and are not sent to everybody yet. One thread
/// calls; ZeroMQ's own may drop frames, also after the end of this.
class UnsentBytes {
 public:
  /// The same bytes, counted from here until nobody needs them. Small ones are not worth it.
  Frame count(Frame&& frame);
  std::uint64_t total() const { return *total_; }

 private:
  using Total = std::shared_ptr<std::atomic<std::uint64_t>>;
  struct Counted;
  static void forget(void* bytes, void* counted);

  Total total_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace ipc::net
