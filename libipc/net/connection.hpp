// SPDX-License-Identifier: BSD-3-Clause
// Connection files: where a controller listens, and the key. Format: docs/protocol.md.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/util/result.hpp"
#include "libipc/wire/codec.hpp"

namespace ipc::net {

/// Who wrote the file: enough to tell a live controller from one that is gone. All zero or empty in
/// a file of the reference.
struct ControllerIdentity {
  std::string version, host, started, boot_id, uuid;
  pid_t pid = 0;
  unsigned long long start_ticks = 0;
  std::string network = {};  ///< its network namespace
  std::string local = {};    ///< see local_endpoint(); empty: only its addresses
};

/// One connection file, of either kind.
struct Connection {
  std::string interface = "tcp://127.0.0.1";
  std::string location, ssh, key;
  std::string curve_server_key;  ///< empty: no CURVE
  /// The pair a peer shows: the controller lets nobody in without one it knows. Empty: a new one.
  std::string curve_public_key, curve_secret_key;
  std::string signature_scheme = "hmac-sha256";
  std::map<std::string, int> ports;  ///< registration, mux, control, task, iopub …
  std::vector<int> broadcast;        ///< client file: one; engine file: one per leaf
  std::string task_scheme;           ///< client file only
  ControllerIdentity controller;
  bool is_here = false;  ///< the controller is in this machine and this network: `local` is used
  bool durable = false;  ///< its tasks outlive it: the next controller with this file has them

  /// What to connect to for a named port: the local endpoint where there is one, else address().
  std::string endpoint(const std::string& name) const;
  std::string endpoint(int port) const;
  /// The same for people: `interface` with the port, `*` and 0.0.0.0 resolved by `location` as the
  /// reference does.
  std::string address(const std::string& name) const;
  std::string address(int port) const;
  /// True if our own controller wrote it: our extensions may be used.
  bool is_ipkit() const { return !controller.version.empty(); }
  /// Keys for a peer's sockets; only if there is a curve_server_key.
  Curve peer_keys() const;
  Result<wire::Signer> signer() const { return wire::Signer::create(signature_scheme, key); }
};

/// Where a socket listens beside its port for ipkit's own programs on the same machine: an abstract
/// Unix socket, which leaves no file and costs less than TCP. As with a loopback port, any local
/// user can connect, and signatures or CURVE decide who is heard.
std::string local_endpoint(const std::string& local, int port);

/// JSON text of the file; `for_engine` picks the kind.
std::string to_json(const Connection& connection, bool for_engine);

/// Parses a file's text. Code::bad_input names what is missing or wrong.
Result<Connection> parse_connection(std::string_view text);

/// Reads and parses; Code::no_controller if there is no such file, Code::refused if others can read
/// or write it or it is another user's, Code::bad_input with the path if it is corrupt. Where
/// connections are encrypted and the file names no pair for us, it is that of curve_key_file().
Result<Connection> read_connection(const std::string& path);

/// Beside a connection file: the secret key of the profile's user, who has made one to be known by
/// (`ipprofile key`). 40 characters, mode 0600.
std::string curve_key_file(const std::string& connection_path);

/// What the file leaves open: the keys, from $IPKIT_… or $IPP_SESSION_KEY and _CURVE_SERVERKEY.
void fill_from_environment(Connection& connection);

/// Code::no_controller with "the file is stale (…)" if the controller named in the file ran on this
/// machine and is gone. Nothing can be said of others.
Status check_alive(const Connection& connection, const std::string& path);

}  // namespace ipc::net
