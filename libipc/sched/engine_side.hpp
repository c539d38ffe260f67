// SPDX-License-Identifier: BSD-3-Clause
// The engine-facing socket of a relay: knows who is registered and waits for connections that are
// late.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "libipc/net/loop.hpp"
#include "libipc/net/socket.hpp"
#include "libipc/net/turn_batch.hpp"
#include "libipc/util/string_map.hpp"

namespace ipc::sched {

class Journal;

/// Sends to engines by uuid. A registered engine whose connection is not up yet gets its messages
/// within 5 s; what cannot be delivered is handed back. One thread, that of the loop.
class EngineSide {
 public:
  /// `undeliverable` gets the frames, uuid first, as they were given to send(). `catch_up` reads
  /// what the hub has sent so far: called before an engine counts as unknown.
  EngineSide(net::Loop& loop, net::Socket socket, std::function<void()> catch_up,
             std::function<void(net::Frames&&)> undeliverable);

  net::Socket& socket() { return socket_; }
  /// Committed before anything is sent; null: nothing is.
  void set_journal(Journal* journal) { journal_ = journal; }
  void engine_added(std::string_view uuid) { engines_.try_emplace(std::string(uuid)); }
  void engine_removed(std::string_view uuid);
  bool knows(std::string_view uuid) const { return engines_.find(uuid) != engines_.end(); }

  /// frames[0] is the engine's uuid. The frames are gone afterwards, and sent when the turn ends.
  void send(net::Frames& frames) { batch_.add(frames); }

 private:
  struct Held {
    std::deque<net::Frames> messages;
    TimePoint until;
  };
  using Engines = StringMap<Held>;

  void send_now(net::Frames& frames);
  void retry();
  bool try_send(net::Frames& frames);
  void hold(Held& held, net::Frames& frames);
  void hand_back(std::deque<net::Frames>&& messages);
  void arm();

  net::Loop& loop_;
  net::Socket socket_;
  net::TurnBatch batch_;
  std::function<void()> catch_up_;
  std::function<void(net::Frames&&)> undeliverable_;
  Engines engines_;
  Journal* journal_ = nullptr;
  std::size_t held_ = 0;  // messages waiting in all
  bool armed_ = false;
};

}  // namespace ipc::sched
