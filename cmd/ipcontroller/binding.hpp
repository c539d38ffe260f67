// SPDX-License-Identifier: BSD-3-Clause
// Ports: which socket listens where.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/net/connection.hpp"
#include "libipc/net/socket.hpp"

namespace ipc {

/// Ports to take from, in order.
struct PortPool {
  std::vector<int> ports;
  std::size_t next = 0;

  bool is_used_up() const { return next >= ports.size(); }
};

/// Where the ports of one side (clients or engines) come from, the most particular first.
struct PortPlan {
  PortPool own;
  PortPool* shared = nullptr;              ///< then these; both empty: any free ones
  std::map<std::string, int> fixed = {};   ///< by name; these and no other
  const net::Connection* reuse = nullptr;  ///< the ports of an earlier controller, may be null
};

/// Every address, of which others are parts: tcp on * or 0.0.0.0.
bool is_everywhere(const std::string& interface);

/// Options every listening socket has, and the ports of one side.
class Binder {
 public:
  /// What `plan` points to outlives the Binder.
  Binder(net::Context& context, std::string interface, PortPlan plan, net::Curve curve,
         int64_t max_message_size);

  /// Where bind() listens from now on.
  void listen_on(std::string interface) { interface_ = std::move(interface); }
  /// What bind() takes from now on is listened on locally as well; see net::local_endpoint().
  void offer_locally(std::string local) { local_ = std::move(local); }
  /// Only that, for a socket whose port another Binder has bound. Nothing if it is not offered.
  Status bind_local(net::Socket& socket, int port) const;
  /// A new socket that does not listen yet.
  net::Socket make(net::SocketType type) const;
  /// Listens; notes the port as `name` in `into`. `wanted` > 0 is the only port that will do.
  Status bind(net::Socket& socket, const std::string& name, net::Connection& into, int wanted = 0);
  /// The same for a broadcast port.
  Status bind_broadcast(net::Socket& socket, net::Connection& into);

 private:
  Result<int> bind(net::Socket& socket, int wanted);
  Result<int> bind_port(net::Socket& socket, int wanted);
  Result<int> bind_file(net::Socket& socket, int wanted);
  PortPool* next_pool();

  net::Context& context_;
  std::string interface_, local_;
  PortPlan plan_;
  net::Curve curve_;
  int64_t max_message_size_;
};

}  // namespace ipc
