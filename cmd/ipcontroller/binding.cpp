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

bool is_everywhere(const std::string& interface) {
  return interface == "tcp://*" || interface == "tcp://0.0.0.0";
}

Binder::Binder(net::Context& context, std::string interface, PortPlan plan, net::Curve curve,
               int64_t max_message_size)
    : context_(context),
      interface_(std::move(interface)),
      plan_(std::move(plan)),
      curve_(std::move(curve)),
      max_message_size_(max_message_size) {}

net::Socket Binder::make(net::SocketType type) const {
  net::Socket socket(context_, type);
  socket.set_heartbeat(kPeerInterval, kPeerTimeout);
  if (max_message_size_ > 0) socket.set_max_message_size(max_message_size_);
  if (!curve_.secret_key.empty()) socket.set_curve(curve_);
  return socket;
}

// The pool that has a port left; null if there is none.
PortPool* Binder::next_pool() {
  if (!plan_.own.is_used_up()) return &plan_.own;
  return plan_.shared->is_used_up() ? nullptr : plan_.shared;
}

// There are no ports: numbers tell the sockets of one prefix apart.
Result<int> Binder::bind_file(net::Socket& socket, int wanted) {
  PortPool* const pool = wanted > 0 ? nullptr : next_pool();
  const int number = pool ? pool->ports[pool->next++] : wanted;
  for (int port = number > 0 ? number : 1; port < 65536; ++port) {
    const std::string number_text = std::to_string(port), endpoint = interface_ + "-" + number_text;
    // libzmq takes a name away from whoever has it.
    if (number == 0 && ::access(endpoint.c_str() + kIpc.size(), F_OK) == 0) continue;
    IPC_TRY(socket.bind(endpoint));
    // The reference's controller names the file so, its engines and clients look for this one.
    IPC_TRY(socket.bind(interface_ + ":" + number_text));
    return port;
  }
  return Error{Code::internal, "no free name for " + interface_, ""};
}

Status Binder::bind_local(net::Socket& socket, int port) const {
  if (!local_.empty()) IPC_TRY(socket.bind(net::local_endpoint(local_, port)));
  return {};
}

Result<int> Binder::bind(net::Socket& socket, int wanted) {
  IPC_TRY_ASSIGN(const int port, bind_port(socket, wanted));
  IPC_TRY(bind_local(socket, port));
  return port;
}

Result<int> Binder::bind_port(net::Socket& socket, int wanted) {
  if (is_ipc(interface_)) return bind_file(socket, wanted);
  const auto try_port = [&](int port) -> Result<int> {
    IPC_TRY_ASSIGN(const std::string bound,
                   socket.bind(interface_ + ":" + (port > 0 ? std::to_string(port) : "*")));
    return std::atoi(bound.substr(bound.rfind(':') + 1).c_str());
  };
  if (wanted > 0 || (plan_.own.ports.empty() && plan_.shared->ports.empty()))
    return try_port(wanted);
  while (PortPool* const pool = next_pool())
    if (auto port = try_port(pool->ports[pool->next++])) return port;
  return Error{Code::internal, "no free port left of those given", "give more with --ports"};
}

Status Binder::bind(net::Socket& socket, const std::string& name, net::Connection& into,
                    int wanted) {
  if (const auto fixed = plan_.fixed.find(name); fixed != plan_.fixed.end() && fixed->second > 0)
    wanted = fixed->second;
  if (plan_.reuse != nullptr && plan_.reuse->ports.contains(name))
    wanted = plan_.reuse->ports.at(name);
  IPC_TRY_ASSIGN(into.ports[name], bind(socket, wanted));
  return {};
}

Status Binder::bind_broadcast(net::Socket& socket, net::Connection& into) {
  const std::size_t at = into.broadcast.size();
  const int wanted =
      plan_.reuse != nullptr && at < plan_.reuse->broadcast.size() ? plan_.reuse->broadcast[at] : 0;
  IPC_TRY_ASSIGN(const int port, bind(socket, wanted));
  into.broadcast.push_back(port);
  return {};
}

}  // namespace ipc
