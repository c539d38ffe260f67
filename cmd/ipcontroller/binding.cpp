// SPDX-License-Identifier: BSD-3-Clause
// Ports: which socket listens where.
#include "cmd/ipcontroller/binding.hpp"

#include <unistd.h>

#include <cstdlib>

#include "libipc/util/text.hpp"

namespace ipc {
namespace {

// A peer that is silent for so long is disconnected, and its identity is free again.
constexpr milliseconds kPeerInterval{5000}, kPeerTimeout{15000};

constexpr std::string_view kIpc = "ipc://";

bool is_ipc(const std::string& interface) {
  return interface.starts_with(kIpc);
}

}  // namespace

Binder::Binder(net::Context& context, std::string interface, PortPool& pool,
               const net::Connection* reuse, net::Curve curve, int64_t max_message_size)
    : context_(context),
      interface_(std::move(interface)),
      pool_(pool),
      reuse_(reuse),
      curve_(std::move(curve)),
      max_message_size_(max_message_size) {}

net::Socket Binder::make(net::SocketType type) const {
  net::Socket socket(context_, type);
  socket.set_heartbeat(kPeerInterval, kPeerTimeout);
  if (max_message_size_ > 0) socket.set_max_message_size(max_message_size_);
  if (!curve_.secret_key.empty()) socket.set_curve(curve_);
  return socket;
}

Result<int> Binder::bind(net::Socket& socket, int wanted) {
  if (is_ipc(interface_)) {
    // There are no ports: numbers tell the sockets of one prefix apart.
    const int number = wanted > 0                        ? wanted
                       : pool_.next < pool_.ports.size() ? pool_.ports[pool_.next]
                                                         : 0;
    for (int port = number > 0 ? number : 1; port < 65536; ++port) {
      const std::string endpoint = interface_ + "-" + std::to_string(port);
      // libzmq takes a name away from whoever has it.
      if (number == 0 && ::access(endpoint.c_str() + kIpc.size(), F_OK) == 0) continue;
      IPC_TRY(socket.bind(endpoint));
      return ++pool_.next, port;
    }
    return Error{Code::internal, "no free name for " + interface_, ""};
  }
  const auto try_port = [&](int port) -> Result<int> {
    IPC_TRY_ASSIGN(const std::string bound,
                   socket.bind(interface_ + ":" + (port > 0 ? std::to_string(port) : "*")));
    return std::atoi(bound.substr(bound.rfind(':') + 1).c_str());
  };
  if (wanted > 0 || pool_.ports.empty()) return try_port(wanted);
  while (pool_.next < pool_.ports.size())
    if (auto port = try_port(pool_.ports[pool_.next++])) return port;
  return Error{Code::internal, "no free port left of those given", "give more with --ports"};
}

Status Binder::bind(net::Socket& socket, const std::string& name, net::Connection& into,
                    int wanted) {
  if (reuse_ != nullptr && reuse_->ports.contains(name)) wanted = reuse_->ports.at(name);
  IPC_TRY_ASSIGN(into.ports[name], bind(socket, wanted));
  return {};
}

Status Binder::bind_broadcast(net::Socket& socket, net::Connection& into) {
  const std::size_t at = into.broadcast.size();
  const int wanted = reuse_ != nullptr && at < reuse_->broadcast.size() ? reuse_->broadcast[at] : 0;
  IPC_TRY_ASSIGN(const int port, bind(socket, wanted));
  into.broadcast.push_back(port);
  return {};
}

}  // namespace ipc
