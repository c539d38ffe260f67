// SPDX-License-Identifier: BSD-3-Clause
// Finding the controller: its connection file, waited for.
#include <time.h>

#include <cerrno>

#include "cmd/ipengine/settings.hpp"
#include "libipc/cli/program.hpp"

namespace ipc::ipengine {
namespace {

constexpr milliseconds kLook{50};

void pause() {
  timespec time{0, std::chrono::nanoseconds(kLook).count()};
  ::nanosleep(&time, nullptr);
}

/// A usable connection now, or why not; Code::no_controller means that waiting can help.
Result<net::Connection> look(const std::string& path) {
  IPC_TRY_ASSIGN(net::Connection connection, net::read_connection(path));
  IPC_TRY(net::check_alive(connection, path));
  return connection;
}

Result<net::Connection> wait_for(const std::string& path, Duration limit, bool quiet) {
  const TimePoint end = Clock::now() + limit;
  bool said = false;
  for (;;) {
    auto connection = look(path);
    if (connection) return connection;
    Error error = connection.error();
    if (error.code != Code::no_controller) return error;
    if (Clock::now() >= end) {
      error.hint = "start a controller, or name another file with --file";
      return error;
    }
    if (!said && !quiet) cli::complain("waiting for a controller: " + error.text());
    said = true;
    pause();
  }
}

Result<net::Connection> completed(const Settings& settings, net::Connection connection) {
  net::fill_from_environment(connection);
  if (connection.key.empty()) connection.key = settings.key;
  if (connection.curve_server_key.empty()) connection.curve_server_key = settings.curve_server_key;
  if (!settings.location.empty()) connection.location = settings.location;
  if (settings.tunnel && !settings.tunnel->lead(connection))
    return Error{Code::no_controller, "the controller has other ports now than the ssh tunnel", ""};
  return connection;
}

}  // namespace

Status open_tunnel(Settings& settings, net::Connection& connection) {
  const std::string server =
      settings.ssh_server.empty() ? net::tunnel_server(connection) : settings.ssh_server;
  if (server.empty()) return {};
  net::SshSettings ssh;
  ssh.key = settings.ssh_key;
  IPC_TRY_ASSIGN(settings.tunnel, net::Tunnel::open(server, ssh, connection));
  return {};
}

Result<net::Connection> read_connection(const Settings& settings) {
  IPC_TRY_ASSIGN(net::Connection connection, net::read_connection(settings.connection_file()));
  return completed(settings, std::move(connection));
}

Result<net::Connection> find_connection(const Settings& settings) {
  if (settings.connection_text.empty()) {
    IPC_TRY_ASSIGN(net::Connection connection,
                   wait_for(settings.connection_file(), settings.limit, settings.quiet));
    return completed(settings, std::move(connection));
  }
  auto parsed = net::parse_connection(settings.connection_text);
  if (!parsed)
    return Error{Code::bad_input, "connection info in the environment: " + parsed.error().text(),
                 ""};
  return completed(settings, *std::move(parsed));
}

}  // namespace ipc::ipengine
