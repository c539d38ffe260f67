// SPDX-License-Identifier: BSD-3-Clause
// mux and control: messages between one client and one engine, passed byte for byte.
#include "libipc/sched/direct_relay.hpp"

#include "libipc/wire/route.hpp"

namespace ipc::sched {

using net::EventKind;

DirectRelay::DirectRelay(net::Loop& loop, net::Socket clients, net::Socket engines, Channel channel,
                         net::EventWriter& tap, std::function<void()> catch_up)
    : clients_(std::move(clients)),
      engines_(loop, std::move(engines), std::move(catch_up),
               [this](net::Frames&& f) { unroutable(std::move(f)); }),
      to_clients_(loop,
                  [this](net::Frames& frames) {
                    if (clients_.send(std::span(frames)) == net::SendStatus::unreachable)
                      undeliverable(std::move(frames));
                  }),
      channel_(channel),
      tap_(tap) {
  loop.on_input(clients_, [this] { return from_clients(); });
  loop.on_input(engines_.socket(), [this] { return from_engines(); });
}

void DirectRelay::engine_added(std::string_view uuid, std::string_view, bool) {
  engines_.engine_added(uuid);
}

void DirectRelay::engine_removed(std::string_view uuid) {
  engines_.engine_removed(uuid);
}

void DirectRelay::command(net::Event& event) {
  const auto ours = channel_ == Channel::mux ? EventKind::send_mux : EventKind::send_control;
  if (event.kind != ours) return;
  if (event.buffers.empty()) return;
  // To an engine that may not be known yet.
  if (event.buffers[0].view() == wire::kToEngine) {
    engines_.socket().send(std::span(event.buffers).subspan(1));
    return;
  }
  // The answer for an engine that is gone, to an engine that asked it something.
  if (channel_ == Channel::control && event.buffers.size() > 2 &&
      engines_.knows(event.buffers[0].view())) {
    event.buffers.insert(event.buffers.begin() + 1, net::Frame(wire::kToEngine));
    return engines_.send(event.buffers);
  }
  to_clients_.add(event.buffers);
}

int DirectRelay::from_clients() {
  const auto kind = channel_ == Channel::mux ? EventKind::mux_request : EventKind::control_request;
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(clients_, located); ++taken) {
    auto& frames = message_.frames;
    if (frames.size() < 2) {
      complaints_.warning("direct message of one frame dropped");
      continue;
    }
    if (located)
      tap_.add_message(kind, message_.views[0], message_.views[1], message_.view, frames);
    std::swap(frames[0], frames[1]);
    engines_.send(frames);
  }
  return taken;
}

int DirectRelay::from_engines() {
  const auto kind = channel_ == Channel::mux ? EventKind::mux_reply : EventKind::control_reply;
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(engines_.socket(), located); ++taken) {
    auto& frames = message_.frames;
    if (frames.size() < 2) {
      complaints_.warning("direct reply of one frame dropped");
      continue;
    }
    if (channel_ == Channel::control && frames[1].view() == wire::kToEngine) {
      between_engines(located);
      continue;
    }
    if (located)
      tap_.add_message(kind, message_.views[1], message_.views[0], message_.view, frames);
    if (frames[1].view() == wire::kToHub) continue;
    std::swap(frames[0], frames[1]);
    to_clients_.add(frames);
  }
  return taken;
}

// Of one engine to another: [from, kToEngine, to, M], which gets it as [kToEngine, from, M].
void DirectRelay::between_engines(bool located) {
  auto& frames = message_.frames;
  if (!located || message_.view.identities.size() != 3)
    return complaints_.warning("malformed message between engines dropped");
  const auto& views = message_.views;
  if (message_.view.parent == "{}")
    tap_.add_message(EventKind::control_request, views[0], views[2], message_.view, frames);
  else
    tap_.add_message(EventKind::control_reply, views[2], views[0], message_.view, frames);
  std::swap(frames[0], frames[2]);
  engines_.send(frames);
}

// A client that has gone. Whoever prints for it is told by the hub, and need not wait for it.
void DirectRelay::undeliverable(net::Frames&& frames) {
  net::Incoming lost;
  lost.frames = std::move(frames);
  if (!lost.locate() || lost.view.identities.size() != 2) return;
  if (lost.view.header.find("\"stream\"") == std::string_view::npos) return;
  tap_.add_message(EventKind::mux_unroutable, lost.views[0], lost.views[1], lost.view, lost.frames);
}

void DirectRelay::unroutable(net::Frames&& frames) {
  const auto kind =
      channel_ == Channel::mux ? EventKind::mux_unroutable : EventKind::control_unroutable;
  net::Incoming lost;
  lost.frames = std::move(frames);
  if (!lost.locate()) return;
  const bool of_engine = lost.views[1] == wire::kToEngine && lost.view.identities.size() == 3;
  // Nobody waits for the answer to an answer.
  if (of_engine && lost.view.parent != "{}") return;
  tap_.add_message(kind, lost.views[of_engine ? 2 : 1], lost.views[0], lost.view, lost.frames);
}

}  // namespace ipc::sched
