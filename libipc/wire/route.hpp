// SPDX-License-Identifier: BSD-3-Clause
// Words that stand in front of a message for whoever passes it on.
#pragma once

#include <string_view>

namespace ipc::wire {

/// Before an engine's uuid, on the engines' side of *control* and in what the hub has the relays
/// send: to or from that engine, not a client.
inline constexpr std::string_view kToEngine = "engine";

/// In a client's place on the engines' side of *mux*: the hub hears it, and nobody else.
inline constexpr std::string_view kToHub = "hub";

/// What the controller's sockets there call themselves.
inline constexpr std::string_view kControlRelay = "control_out";
inline constexpr std::string_view kMuxRelay = "mux_out";
inline constexpr std::string_view kTaskRelay = "task_out";

/// A routing identity that the transport made up: the peer chose none. Clients are the reference's
/// then. They take an answer that comes twice for an attack, and print those that nobody waits for.
inline bool is_anonymous(std::string_view identity) {
  return identity.size() == 5 && identity.front() == '\0';
}

}  // namespace ipc::wire
