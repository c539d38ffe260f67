// SPDX-License-Identifier: BSD-3-Clause
// Messages of one turn of a loop, sent together at its end.
#include "libipc/net/turn_batch.hpp"

#include <utility>

namespace ipc::net {

// As many as one write of ZeroMQ's takes, about: more would only wait longer.
constexpr std::size_t kMostMessages = 32;

TurnBatch::TurnBatch(Loop& loop, std::function<void(Frames&)> send, std::function<bool()> may_wait)
    : loop_(loop),
      turn_end_(loop.at_turn_end([this] { end_turn(); })),
      send_(std::move(send)),
      may_wait_(std::move(may_wait)) {}

TurnBatch::~TurnBatch() {
  loop_.cancel_turn_end(turn_end_);
  if (timer_ != 0) loop_.cancel(timer_);
  flush();
}

void TurnBatch::add(Frames& frames) {
  if (count_ == messages_.size()) messages_.emplace_back();
  messages_[count_].clear();
  std::swap(messages_[count_++], frames);
  if (count_ >= kMostMessages) flush();
}

void TurnBatch::end_turn() {
  if (count_ == 0) return;
  if (!may_wait_ || !may_wait_()) return flush();
  const TimePoint now = loop_.now();
  if (oldest_ == TimePoint{}) oldest_ = now;
  if (now - oldest_ >= kPatience) return flush();
  if (timer_ != 0) return;
  timer_ = loop_.after(kPatience, [this] {
    timer_ = 0;
    flush();
  });
}

void TurnBatch::flush() {
  if (std::exchange(flushing_, true)) return;
  for (std::size_t i = 0; i < count_; ++i) send_(messages_[i]);
  count_ = 0;
  oldest_ = {};
  flushing_ = false;
}

}  // namespace ipc::net
