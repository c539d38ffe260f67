// SPDX-License-Identifier: BSD-3-Clause
// The controller: the roles of hub and schedulers, put together in three loops.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libipc/hub/hub.hpp"
#include "libipc/hub/sqlite_store.hpp"
#include "libipc/net/actor.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/net/doorkeeper.hpp"
#include "libipc/sched/role.hpp"

namespace ipc {

/// Everything a controller can be told.
struct ControllerOptions {
  std::string client_interface = "tcp://127.0.0.1", engine_interface = "tcp://127.0.0.1";
  /// Ports by name ("registration" with the engines' ones); 0: any.
  std::map<std::string, int> client_fixed, engine_fixed;
  /// Ports to take, in order; empty: any free ones. `shared_ports` is for both sides, after theirs.
  std::vector<int> client_ports, engine_ports, shared_ports;
  /// Ports of an earlier controller that are to be used again (by name; broadcast apart).
  std::optional<net::Connection> reuse_client, reuse_engine;
  /// Names for net::local_endpoint(), one for each side; empty: not offered.
  std::string client_local, engine_local;
  std::string key, signature_scheme = "hmac-sha256";
  net::Curve curve;  ///< secret_key empty: no CURVE
  /// With CURVE: a file of the public keys that are let in, beside those in the connection files;
  /// empty: every key.
  std::string authorized_keys;
  std::string session;  ///< the hub's name on the wire; empty: a new one
  std::string scheme = "leastload";
  std::optional<unsigned> task_limit;  ///< tasks an engine may have; 0: any number
  /// Bytes of the tasks that wait or run; more are refused. 0: half of the memory there is.
  std::uint64_t task_bytes = 0;
  unsigned broadcast_depth = 1;
  milliseconds heart_period{3000};
  unsigned max_heart_misses = 10;
  Duration registration_timeout = seconds(30);
  microseconds poll_spin{120};
  int64_t max_message_size = -1;  ///< bytes; -1: no limit
  enum class Records { sqlite, memory, none } records = Records::memory;
  std::size_t record_limit = 1024, record_bytes = 1u << 30;  ///< of those in memory
  std::string record_file;                                   ///< of those in SQLite
  hub::RecordLimits file_limits{.bytes = 10ull << 30, .age = std::chrono::hours(30 * 24)};
  std::string state_file;
  bool restore = false;
  std::string journal;       ///< directory where tasks outlive the process; empty: they do not
  bool journal_sync = true;  ///< and the machine
  std::function<void()> shutdown;  ///< a client asked for the end; called in another thread
};

/// A running controller; ends when it is destroyed. Made and destroyed by one thread.
class Controller {
 public:
  /// Binds every socket and starts the loops. The context must outlive the controller.
  static Result<std::unique_ptr<Controller>> start(net::Context& context,
                                                   ControllerOptions options);
  ~Controller();

  /// What belongs into the connection files; location and ssh are the caller's.
  const net::Connection& client_connection() const { return client_; }
  const net::Connection& engine_connection() const { return engine_; }

 private:
  struct Sockets;
  struct RelayLoop;
  struct TaskLoop;

  Controller() = default;
  Status guard(net::Context& context, const ControllerOptions& options);
  Status bind(net::Context& context, const ControllerOptions& options, Sockets& sockets);
  Status run(net::Context& context, ControllerOptions options, Sockets sockets);

  net::Connection client_, engine_;
  std::unique_ptr<net::Doorkeeper> doorkeeper_;  // outlives every socket
  // The hub last made and first ended: it talks to the others.
  std::unique_ptr<net::Actor> relay_, task_, hub_;
};

}  // namespace ipc
