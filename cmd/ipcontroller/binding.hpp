// SPDX-License-Identifier: BSD-3-Clause
// Ports: which socket listens where.
#pragma once

#include <string>
#include <vector>

#include "libipc/net/connection.hpp"
#include "libipc/net/socket.hpp"

namespace ipc {

/// Ports to take from, in order.
struct PortPool {
  std::vector<int> ports;  ///< empty: any free one
  std::size_t next = 0;
};

/// Options every listening socket has, and the ports of one side (clients or engines).
class Binder {
 public:
  /// `pool` outlives the Binder. `reuse`: ports of an earlier controller, may be null.
  Binder(net::Context& context, std::string interface, PortPool& pool, const net::Connection* reuse,
         net::Curve curve, int64_t max_message_size);

  /// A new socket that does not listen yet.
  net::Socket make(net::SocketType type) const;
  /// Listens; notes the port as `name` in `into`. `wanted` > 0 is the only port that will do.
  Status bind(net::Socket& socket, const std::string& name, net::Connection& into, int wanted = 0);
  /// The same for a broadcast port.
  Status bind_broadcast(net::Socket& socket, net::Connection& into);

 private:
  Result<int> bind(net::Socket& socket, int wanted);

  net::Context& context_;
  std::string interface_;
  PortPool& pool_;
  const net::Connection* reuse_;
  net::Curve curve_;
  int64_t max_message_size_;
};

}  // namespace ipc
