// SPDX-License-Identifier: BSD-3-Clause
// How much a socket keeps for a peer that does not read.
#include "libipc/net/send_limit.hpp"

#include <zmq.h>

#include <utility>

namespace ipc::net {
namespace {

constexpr std::size_t kSmall = 1024;

void set_no_drop(Socket& xpub, int on) {
  zmq_setsockopt(xpub.raw(), ZMQ_XPUB_NODROP, &on, sizeof on);
}

}  // namespace

void set_send_limit(Socket& socket, int messages) {
  zmq_setsockopt(socket.raw(), ZMQ_SNDHWM, &messages, sizeof messages);
}

void tell_of_drops(Socket& xpub) {
  set_no_drop(xpub, 1);
}

// An XPUB either drops and does not say so, or says so and sends to nobody: it is told, then drops.
bool publish(Socket& xpub, std::span<Frame> frames) {
  if (xpub.send(frames) != SendStatus::would_block) return true;
  set_no_drop(xpub, 0);
  xpub.send(frames);
  set_no_drop(xpub, 1);
  return false;
}

struct UnsentBytes::Counted {
  Frame frame;
  Total total;
};

void UnsentBytes::forget(void*, void* counted) {
  const std::unique_ptr<Counted> owner(static_cast<Counted*>(counted));
  *owner->total -= owner->frame.size();
}

Frame UnsentBytes::count(Frame&& frame) {
  if (frame.size() <= kSmall) return std::move(frame);
  *total_ += frame.size();
  auto* const counted = new Counted{std::move(frame), total_};
  Frame same;
  zmq_msg_init_data(same.raw(), counted->frame.data(), counted->frame.size(), forget, counted);
  return same;
}

}  // namespace ipc::net
