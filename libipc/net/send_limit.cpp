// SPDX-License-Identifier: BSD-3-Clause
// How much a socket keeps for a peer that does not read.
#include "libipc/net/send_limit.hpp"

#include <zmq.h>

namespace ipc::net {

void set_send_limit(Socket& socket, int messages) {
  zmq_setsockopt(socket.raw(), ZMQ_SNDHWM, &messages, sizeof messages);
}

}  // namespace ipc::net
