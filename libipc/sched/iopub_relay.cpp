// SPDX-License-Identifier: BSD-3-Clause
// iopub: what engines publish goes to every client.
#include "libipc/sched/iopub_relay.hpp"

namespace ipc::sched {

IopubRelay::IopubRelay(net::Loop& loop, net::Socket clients, net::Socket engines,
                       net::EventWriter& tap)
    : clients_(std::move(clients)), engines_(std::move(engines)), tap_(tap) {
  loop.on_input(engines_, [this] { return from_engines(); });
}

int IopubRelay::from_engines() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(engines_, located); ++taken) {
    // Two of three messages are busy and idle, of which no record is kept.
    const bool is_status = located && !message_.view.identities.empty() &&
                           message_.view.identities[0].ends_with(".status");
    if (located && !is_status)
      tap_.add_message(net::EventKind::iopub, "", "", message_.view, message_.frames);
    clients_.send(std::span<net::Frame>(message_.frames));
  }
  return taken;
}

}  // namespace ipc::sched
