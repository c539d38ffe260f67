// SPDX-License-Identifier: BSD-3-Clause
// How much a socket keeps for a peer that does not read.
#pragma once

#include "libipc/net/socket.hpp"

namespace ipc::net {

/// Messages for each peer; what is beyond is dropped by PUB, refused by others. Before the socket
/// binds or connects.
void set_send_limit(Socket& socket, int messages);

}  // namespace ipc::net
