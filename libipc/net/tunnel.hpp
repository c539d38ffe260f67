// SPDX-License-Identifier: BSD-3-Clause
// A way to a controller's ports through an ssh server, inside this process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libipc/net/connection.hpp"
#include "libipc/net/ssh_session.hpp"

namespace ipc::net {

/// What the endpoints of a Tunnel begin with.
inline constexpr std::string_view kTunnelEndpoint = "ipc://@ipkit-tunnel-";

/// The ssh server that leads to this controller; empty: none is needed, as on its own machine.
/// $IPKIT_SSH says so before the file does, `none` in it says that there shall be none.
std::string tunnel_server(const Connection& connection);

/// Forwards every port of one controller. For each there is an abstract Unix socket, open to this
/// user only; what connects to it goes through one ssh login that a thread of ours serves. When the
/// login breaks connections end, and the next one logs in again: ZeroMQ does that by itself.
/// Nothing is left when the object or the process ends.
class Tunnel {
 public:
  /// Logs in and listens; afterwards the endpoints of `connection` lead through the tunnel. Errors
  /// as of SshSession.
  static Result<std::unique_ptr<Tunnel>> open(const std::string& server,
                                              const SshSettings& settings, Connection& connection);
  /// Leads another reading of the same file through it; false if it has other ports.
  bool lead(Connection& connection) const;
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

 private:
  struct Impl;
  explicit Tunnel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipc::net
