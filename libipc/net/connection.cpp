// SPDX-License-Identifier: BSD-3-Clause
// Connection files: where a controller listens, and the key.
#include "libipc/net/connection.hpp"

#include <algorithm>
#include <cerrno>

#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::net {
namespace {

using wire::Json;

const char* const kRequired[] = {"registration", "control", "mux", "task", "iopub"};
const char* const kOptional[] = {"notification", "hb_ping", "hb_pong"};

Status take_port(const Json& file, const std::string& name, bool required, Connection& into) {
  const auto found = file.find(name);
  if (found == file.end()) {
    if (!required) return {};
    return Error{Code::bad_input, "no '" + name + "' port", ""};
  }
  if (!found->is_number_integer() || *found < 1 || *found > 65535)
    return Error{Code::bad_input, "'" + name + "' is not a port", ""};
  into.ports[name] = found->get<int>();
  return {};
}

Status take_broadcast(const Json& file, Connection& into) {
  const auto found = file.find("broadcast");
  if (found == file.end()) return {};
  const Json list = found->is_array() ? *found : Json::array({*found});
  for (const auto& port : list) {
    if (!port.is_number_integer() || port < 1 || port > 65535)
      return Error{Code::bad_input, "'broadcast' is not a port", ""};
    into.broadcast.push_back(port.get<int>());
  }
  return {};
}

ControllerIdentity take_identity(const Json& file) {
  ControllerIdentity identity;
  const auto found = file.find("ipkit");
  if (found == file.end()) return identity;
  identity.version = wire::string_or(*found, "version");
  identity.host = wire::string_or(*found, "host");
  identity.started = wire::string_or(*found, "started");
  identity.boot_id = wire::string_or(*found, "boot_id");
  identity.uuid = wire::string_or(*found, "uuid");
  identity.network = wire::string_or(*found, "network");
  identity.local = wire::string_or(*found, "local");
  identity.pid = static_cast<pid_t>(wire::int_or(*found, "pid", 0));
  identity.start_ticks = static_cast<unsigned long long>(wire::int_or(*found, "start_ticks", 0));
  return identity;
}

// An abstract socket is seen in the network namespace it was made in, and nowhere else.
bool runs_here(const ControllerIdentity& c) {
  return !c.local.empty() && c.host == host_name() && c.boot_id == boot_id() &&
         c.network == network_namespace();
}

// There need be none.
Status take_own_key(const std::string& path, Connection& into) {
  const auto text = read_secret(path, 4096);
  if (!text && text.error().code == Code::no_input && errno == ENOENT) return {};
  if (!text) return text.error();
  into.curve_secret_key = trim(*text);
  into.curve_public_key = curve_public_key(into.curve_secret_key);
  if (into.curve_public_key.empty())
    return Error{Code::bad_input, path + " holds no CURVE key", "40 characters; remove it"};
  return {};
}

int port_of(const Connection& connection, const std::string& name) {
  const auto found = connection.ports.find(name);
  return found == connection.ports.end() ? 0 : found->second;
}

}  // namespace

std::string local_endpoint(const std::string& local, int port) {
  return "ipc://@" + local + "-" + std::to_string(port);
}

std::string Connection::endpoint(const std::string& name) const {
  return endpoint(port_of(*this, name));
}

std::string Connection::address(const std::string& name) const {
  return address(port_of(*this, name));
}

std::string Connection::endpoint(int port) const {
  return is_here ? local_endpoint(controller.local, port) : address(port);
}

std::string Connection::address(int port) const {
  if (interface.starts_with("ipc://")) return interface + "-" + std::to_string(port);
  std::string base = interface;
  for (const char* any : {"://*", "://0.0.0.0"}) {
    const size_t at = base.find(any);
    if (at == std::string::npos) continue;
    const bool here = location.empty() || location == host_name() || location == "localhost";
    base = base.substr(0, at) + "://" + (here ? "127.0.0.1" : location);
  }
  return base + ":" + std::to_string(port);
}

std::string to_json(const Connection& connection, bool for_engine) {
  Json file = {{"ssh", connection.ssh},
               {"interface", connection.interface},
               {"key", connection.key},
               {"curve_serverkey", nullptr},
               {"location", connection.location},
               {"pack", "json"},
               {"unpack", "json"},
               {"signature_scheme", connection.signature_scheme}};
  for (const auto& [name, port] : connection.ports) file[name] = port;
  if (!connection.curve_server_key.empty()) file["curve_serverkey"] = connection.curve_server_key;
  if (for_engine)
    file["broadcast"] = connection.broadcast;
  else if (!connection.broadcast.empty())
    file["broadcast"] = connection.broadcast.front();
  if (!for_engine) file["task_scheme"] = connection.task_scheme;
  const auto& c = connection.controller;
  if (connection.is_ipkit())
    file["ipkit"] = {{"version", c.version},        {"host", c.host}, {"started", c.started},
                     {"boot_id", c.boot_id},        {"uuid", c.uuid}, {"pid", c.pid},
                     {"start_ticks", c.start_ticks}};
  if (connection.is_ipkit() && connection.durable) file["ipkit"]["durable"] = true;
  if (!c.local.empty()) file["ipkit"].update({{"network", c.network}, {"local", c.local}});
  if (connection.is_ipkit() && !connection.curve_secret_key.empty())
    file["ipkit"].update({{"curve_publickey", connection.curve_public_key},
                          {"curve_secretkey", connection.curve_secret_key}});
  return file.dump(2) + "\n";
}

Result<Connection> parse_connection(std::string_view text) {
  IPC_TRY_ASSIGN(const Json file, wire::parse_json(text, 16));
  if (!file.is_object()) return Error{Code::bad_input, "not a JSON object", ""};
  Connection connection;
  for (const char* name : kRequired) IPC_TRY(take_port(file, name, true, connection));
  for (const char* name : kOptional) IPC_TRY(take_port(file, name, false, connection));
  IPC_TRY(take_broadcast(file, connection));
  connection.interface = wire::string_or(file, "interface", connection.interface);
  connection.location = wire::string_or(file, "location");
  connection.ssh = wire::string_or(file, "ssh");
  connection.key = wire::string_or(file, "key");
  connection.curve_server_key = wire::string_or(file, "curve_serverkey");
  connection.signature_scheme =
      wire::string_or(file, "signature_scheme", connection.signature_scheme);
  connection.task_scheme = wire::string_or(file, "task_scheme", "leastload");
  const std::string pack = wire::string_or(file, "pack", "json");
  if (pack != "json" && pack != "orjson")
    return Error{Code::bad_input, "messages packed by '" + pack + "'", "only json is understood"};
  connection.controller = take_identity(file);
  if (file.contains("ipkit")) {
    connection.curve_public_key = wire::string_or(file["ipkit"], "curve_publickey");
    connection.curve_secret_key = wire::string_or(file["ipkit"], "curve_secretkey");
  }
  connection.is_here = runs_here(connection.controller);
  if (const auto own = file.find("ipkit"); own != file.end())
    connection.durable = wire::bool_or(*own, "durable", false);
  return connection;
}

Result<Connection> read_connection(const std::string& path) {
  auto text = read_secret(path, 1 << 20);
  if (!text) {
    if (text.error().code != Code::no_input) return text.error();
    if (errno == ENOENT) return Error{Code::no_controller, "no file " + path, ""};
    return Error{errno == EACCES ? Code::refused : text.error().code, text.error().what, ""};
  }
  auto connection = parse_connection(*text);
  if (!connection)
    return Error{Code::bad_input, path + ": " + connection.error().text(),
                 "start the cluster again to have it written anew"};
  if (!connection->curve_server_key.empty() && connection->curve_secret_key.empty())
    IPC_TRY(take_own_key(curve_key_file(path), *connection));
  return connection;
}

std::string curve_key_file(const std::string& connection_path) {
  const size_t slash = connection_path.rfind('/');
  return (slash == std::string::npos ? "" : connection_path.substr(0, slash + 1)) + "curve.key";
}

Curve Connection::peer_keys() const {
  Curve keys = curve_secret_key.empty() ? new_curve_keys()
                                        : Curve{"", curve_public_key, curve_secret_key, false};
  keys.server_key = curve_server_key;
  return keys;
}

void fill_from_environment(Connection& connection) {
  const auto fill = [](std::string& key, const std::string& name) {
    for (const char* prefix : {"IPKIT_", "IPP_"})
      if (const char* value = std::getenv((prefix + name).c_str()); value && key.empty())
        key = value;
  };
  fill(connection.key, "SESSION_KEY");
  fill(connection.curve_server_key, "CURVE_SERVERKEY");
}

Status check_alive(const Connection& connection, const std::string& path) {
  const auto& c = connection.controller;
  if (c.pid <= 0 || c.host != host_name()) return {};
  const bool same_boot = c.boot_id == boot_id();
  if (same_boot && process_start_ticks(c.pid) == c.start_ticks) return {};
  return Error{Code::no_controller,
               "the file is stale (controller " + std::to_string(c.pid) + " on " + c.host +
                   ", started " + c.started + ", is gone): " + path,
               ""};
}

}  // namespace ipc::net
