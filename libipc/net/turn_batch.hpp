// SPDX-License-Identifier: BSD-3-Clause
// Messages of one turn of a loop, sent together at its end.
#pragma once

#include <deque>
#include <functional>

#include "libipc/net/loop.hpp"
#include "libipc/net/socket.hpp"

namespace ipc::net {

/// What a turn has to send is held until the turn ends, or until so much is there that it should
/// not wait: whoever sends the bytes (ZeroMQ's own thread) is woken once instead of at the first
/// of many messages, and messages share packets. Order is kept. One thread, that of the loop; ends
/// before the loop does, and what it then holds is sent.
class TurnBatch {
 public:
  /// `send` gets one message at a time and takes its frames; it may add others. While `may_wait`,
  /// asked when a turn ends, says so, messages wait for those of later turns, at most kPatience and
  /// what a timer of the loop is late.
  TurnBatch(Loop& loop, std::function<void(Frames&)> send, std::function<bool()> may_wait = {});
  ~TurnBatch();
  TurnBatch(const TurnBatch&) = delete;
  TurnBatch& operator=(const TurnBatch&) = delete;

  /// Takes the frames; `frames` is empty afterwards, but has memory for the next ones.
  void add(Frames& frames);
  void flush();

  static constexpr microseconds kPatience{500};

 private:
  void end_turn();

  Loop& loop_;
  Loop::TurnEndId turn_end_;
  std::function<void(Frames&)> send_;
  std::function<bool()> may_wait_;
  TimePoint oldest_{};       // when the first message was left for later
  Loop::TimerId timer_ = 0;  // messages must not wait for the next turn with work
  // The first count_ of them; the others keep their memory. A deque, so that send_ may add.
  std::deque<Frames> messages_;
  std::size_t count_ = 0;
  bool flushing_ = false;
};

}  // namespace ipc::net
