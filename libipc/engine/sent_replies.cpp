// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/engine/sent_replies.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace ipc::engine {
namespace {

constexpr size_t kShareFrom = 8192;
constexpr std::uint32_t kElsewhere = UINT32_MAX;

}  // namespace

// The memory of the oldest, if there are enough of them, else a new one.
SentReplies::Sent SentReplies::recycled() {
  Sent sent;
  while (!sent_.empty() && (sent_.size() >= kReplies || bytes_ > kBytes)) {
    sent = std::move(sent_.front());
    bytes_ -= sent.bytes;
    sent_.pop_front();
  }
  sent.small.clear();
  sent.large.clear();
  sent.bytes = 0;
  return sent;
}

void SentReplies::keep(const net::Frames& frames, std::string_view id, TimePoint now) {
  Sent sent = recycled();
  sent.when = now;
  sent.id.assign(id);
  for (const auto& frame : frames) {
    const bool is_large = frame.size() >= kShareFrom;
    const std::uint32_t mark = is_large ? kElsewhere : static_cast<std::uint32_t>(frame.size());
    sent.small.append(reinterpret_cast<const char*>(&mark), sizeof mark);
    if (is_large)
      sent.large.push_back(frame.share());
    else
      sent.small += frame.view();
    sent.bytes += frame.size();
  }
  bytes_ += sent.bytes;
  sent_.push_back(std::move(sent));
}

void SentReplies::forget_large(TimePoint before) {
  while (bytes_ > kBytes && sent_.front().when < before) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

net::Frames SentReplies::frames_of(const Sent& sent) {
  net::Frames frames;
  auto large = sent.large.begin();
  for (std::string_view rest = sent.small; !rest.empty();) {
    std::uint32_t mark = 0;
    std::memcpy(&mark, rest.data(), sizeof mark);
    rest.remove_prefix(sizeof mark);
    if (mark == kElsewhere) {
      frames.push_back((large++)->share());
      continue;
    }
    frames.emplace_back(rest.substr(0, mark));
    rest.remove_prefix(mark);
  }
  return frames;
}

net::Frames SentReplies::find(std::string_view id) const {
  const auto found =
      std::find_if(sent_.rbegin(), sent_.rend(), [id](const Sent& sent) { return sent.id == id; });
  return found == sent_.rend() ? net::Frames() : frames_of(*found);
}

void SentReplies::each(TimePoint since, const std::function<void(net::Frames&)>& send) const {
  for (const auto& sent : sent_) {
    if (sent.when < since) continue;
    net::Frames frames = frames_of(sent);
    send(frames);
  }
}

}  // namespace ipc::engine
