// SPDX-License-Identifier: BSD-3-Clause
// The table of traits: what each one sets here.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cmd/ipcontroller/traits.hpp"
#include "libipc/sched/policy.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

Error wrong(const std::string& what, const std::string& value, const std::string& wanted) {
  return {Code::usage, what + ": '" + value + "' is not " + wanted, ""};
}

Result<bool> parse_bool(const Given& given) {
  const std::string& value = given.value;
  if (value == "True" || value == "true" || value == "1") return true;
  if (value == "False" || value == "false" || value == "0") return false;
  return wrong(given.origin, value, "True or False");
}

template <auto Member>
Status text(const Given& given, Settings& s) {
  s.*Member = given.value;
  return {};
}

template <std::string ControllerOptions::*Member>
Status controller_text(const Given& given, Settings& s) {
  s.controller.*Member = given.value;
  return {};
}

template <std::string net::Curve::*Member>
Status curve_key(const Given& given, Settings& s) {
  s.controller.curve.*Member = given.value;
  return {};
}

template <bool Settings::*Member>
Status flag(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(s.*Member, parse_bool(given));
  return {};
}

template <auto Member, long Least, long Most>
Status number(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const long value, parse_number(given.origin, given.value, Least, Most));
  using Target = std::remove_reference_t<decltype(s.controller.*Member)>;
  s.controller.*Member = static_cast<Target>(value);
  return {};
}

// Members in some unit of time.
template <auto Member, class Unit, long Least, long Most>
Status time(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const long value, parse_number(given.origin, given.value, Least, Most));
  s.controller.*Member = Unit(value);
  return {};
}

template <std::vector<int> ControllerOptions::*Member>
Status ports(const Given& given, Settings& s) {
  auto list = parse_ports(given.value);
  if (!list) return wrong(given.origin, given.value, "a list of ports (10101-10120 or 1,2,3)");
  s.controller.*Member = *std::move(list);
  return {};
}

// tcp://ADDR or ipc://PREFIX.
void set_ip(std::string& interface, const std::string& ip) {
  interface = interface.substr(0, interface.find("://") + 3) + ip;
}

enum Side : unsigned { kClients = 1, kEngines = 2 };

template <unsigned Sides>
Status ip(const Given& given, Settings& s) {
  if ((Sides & kClients) != 0) set_ip(s.controller.client_interface, given.value);
  if ((Sides & kEngines) != 0) set_ip(s.controller.engine_interface, given.value);
  return {};
}

template <unsigned Sides>
Status transport(const Given& given, Settings& s) {
  if (given.value != "tcp" && given.value != "ipc")
    return wrong(given.origin, given.value, "tcp or ipc");
  // Who names one means that and no other.
  if ((Sides & kClients) != 0) s.client_is_local = false;
  if ((Sides & kEngines) != 0) s.engine_is_local = false;
  for (auto* interface : {(Sides & kClients) != 0 ? &s.controller.client_interface : nullptr,
                          (Sides & kEngines) != 0 ? &s.controller.engine_interface : nullptr})
    if (interface) *interface = given.value + interface->substr(interface->find("://"));
  return {};
}

// One port by its name in the connection files, 0 for any.
template <const char* Name, unsigned Side>
Status port(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const long value, parse_number(given.origin, given.value, 0, 65535));
  auto& fixed = Side == kClients ? s.controller.client_fixed : s.controller.engine_fixed;
  fixed[Name] = static_cast<int>(value);
  return {};
}

constexpr char kRegistration[] = "registration", kNotification[] = "notification", kMux[] = "mux",
               kTask[] = "task", kControl[] = "control", kIopub[] = "iopub";

Result<std::vector<int>> port_pair(const Given& given) {
  auto list = parse_ports(given.value);
  if (!list || list->size() != 2) return wrong(given.origin, given.value, "two ports, (1,2)");
  return list;
}

// The client's port and the engine's.
template <const char* Name>
Status ports_of_relay(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const auto pair, port_pair(given));
  s.controller.client_fixed[Name] = pair[0];
  s.controller.engine_fixed[Name] = pair[1];
  return {};
}

Status heartbeat_ports(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const auto pair, port_pair(given));
  s.controller.engine_fixed["hb_ping"] = pair[0];
  s.controller.engine_fixed["hb_pong"] = pair[1];
  return {};
}

Status records(const Given& given, Settings& s) {
  std::string kind = given.value.substr(given.value.rfind('.') + 1);
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (kind == "dictdb")
    s.controller.records = ControllerOptions::Records::memory;
  else if (kind == "nodb")
    s.controller.records = ControllerOptions::Records::none;
  else if (kind == "sqlitedb")
    s.controller.records = ControllerOptions::Records::sqlite;
  else
    return Error{Code::usage,
                 given.origin + ": task records cannot be kept in " + json_quote(given.value),
                 "use --sqlitedb, --dictdb or --nodb"};
  return {};
}

Status key(const Given& given, Settings& s) {
  s.key = given.value;
  return {};
}

Status key_file(const Given& given, Settings& s) {
  if (given.value.empty()) return {};
  IPC_TRY_ASSIGN(const std::string content, read_secret(given.value, 1 << 16));
  s.key = std::string(trim(content));
  return {};
}

Status restore(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(s.controller.restore, parse_bool(given));
  s.reuse = s.reuse || s.controller.restore;
  return {};
}

Status log_level(const Given& given, Settings& s) {
  const auto level = log::parse_level(given.value);
  if (!level)
    return Error{Code::usage, given.origin + ": " + level.error().what, level.error().hint};
  s.log_level = *level;
  return {};
}

Status scheme(const Given& given, Settings& s) {
  const auto policy = sched::make_policy(given.value);
  if (!policy)
    return Error{policy.error().code, given.origin + ": " + policy.error().what,
                 policy.error().hint};
  // A file's name is still right in another working directory.
  s.controller.scheme = given.value.find('/') == std::string::npos
                            ? given.value
                            : std::filesystem::absolute(given.value).string();
  return {};
}

Status task_limit(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(const long limit, parse_number(given.origin, given.value, 0, 1000000));
  s.controller.task_limit = static_cast<unsigned>(limit);
  return {};
}

Status enable_curve(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(s.enable_curve, parse_bool(given));
  return {};
}

Status signature_scheme(const Given& given, Settings& s) {
  if (!wire::Signer::create(given.value, "k"))
    return wrong(given.origin, given.value, "a signature scheme (hmac-sha256)");
  s.controller.signature_scheme = given.value;
  return {};
}

Status packer(const Given& given, Settings&) {
  if (given.value == "json" || given.value == "orjson") return {};
  return wrong(given.origin, given.value, "json: nothing else is understood");
}

template <std::optional<std::string> config::ClusterOptions::*Member>
Status cluster(const Given& given, Settings& s) {
  // An empty profile or directory is no choice; an empty cluster id is one.
  if (given.value.empty() && Member != &config::ClusterOptions::cluster_id) return {};
  s.cluster_options.*Member = given.value;
  return {};
}

Status ipython_directory(const Given& given, Settings&) {
  if (!given.value.empty()) ::setenv("IPYTHONDIR", given.value.c_str(), 1);
  return {};
}

using O = ControllerOptions;
using C = config::ClusterOptions;

constexpr Trait kTraits[] = {
    {"IPController.ip", "as --ip", ip<kClients | kEngines>},
    {"IPController.client_ip", "the same for clients only", ip<kClients>},
    {"IPController.engine_ip", "the same for engines only", ip<kEngines>},
    {"IPController.location", "as --location", text<&Settings::location>},
    {"IPController.transport", "as --transport", transport<kClients | kEngines>},
    {"IPController.client_transport", "the same for clients only", transport<kClients>},
    {"IPController.engine_transport", "the same for engines only", transport<kEngines>},
    {"IPController.ports", "as --ports", ports<&O::shared_ports>},
    {"IPController.client_ports", "ports for clients, before those of --ports",
     ports<&O::client_ports>},
    {"IPController.engine_ports", "ports for engines, before those of --ports",
     ports<&O::engine_ports>},
    {"IPController.regport", "as --port", port<kRegistration, kEngines>},
    {"IPController.notifier_port", "port of notifications", port<kNotification, kClients>},
    {"IPController.mux", "ports of direct requests: client, engine", ports_of_relay<kMux>},
    {"IPController.task", "ports of balanced requests: client, engine", ports_of_relay<kTask>},
    {"IPController.control", "ports of control requests: client, engine", ports_of_relay<kControl>},
    {"IPController.iopub", "ports of output: client, engine", ports_of_relay<kIopub>},
    {"IPController.hb", "ports of heartbeats: ping, pong", heartbeat_ports},
    {"IPController.ssh_server", "as --ssh", text<&Settings::ssh>},
    {"IPController.engine_ssh_server", "as --enginessh", text<&Settings::engine_ssh>},
    {"IPController.enable_curve", "as --enable-curve or --no-curve", enable_curve},
    {"IPController.curve_secretkey", "CURVE key instead of a new one, 40 characters",
     curve_key<&net::Curve::secret_key>},
    {"IPController.curve_publickey", "its public half", curve_key<&net::Curve::public_key>},
    {"IPController.reuse_files", "as --reuse", flag<&Settings::reuse>},
    {"IPController.restore_engines", "as --restore", restore},
    {"IPController.client_json_file", "name of the clients' file", text<&Settings::client_file>},
    {"IPController.engine_json_file", "name of the engines' file", text<&Settings::engine_file>},
    {"IPController.db_class", "SQLiteDB, DictDB or NoDB: as --sqlitedb, --dictdb, --nodb", records},
    {"IPController.registration_timeout", "seconds an engine has for its first heartbeat",
     time<&O::registration_timeout, seconds, 0, 1000000>},
    {"IPController.broadcast_scheduler_depth", "depth of the tree of broadcasts, 0 to 10",
     number<&O::broadcast_depth, 0, 10>},
    {"IPController.auto_create", "False: the profile's directory must exist",
     flag<&Settings::create_profile>},
    {"IPController.profile", "as --profile", cluster<&C::profile>},
    {"IPController.cluster_id", "as --cluster-id", cluster<&C::cluster_id>},
    {"IPController.ipython_dir", "as --ipython-dir", ipython_directory},
    {"IPController.extra_config_file", "as --config", text<&Settings::config_file>},
    {"IPController.work_dir", "as --work-dir", text<&Settings::work_dir>},
    {"IPController.log_level", "as --log-level", log_level},
    {"IPController.log_to_file", "as --log-to-file", flag<&Settings::log_to_file>},
    {"IPController.clean_logs", "as --clean-logs", flag<&Settings::clean_logs>},
    {"IPController.show_config", "as --show-config", flag<&Settings::show_config>},
    {"IPController.show_config_json", "as --show-config-json", flag<&Settings::show_config_json>},
    {"IPController.use_threads", "", nullptr},
    {"IPController.monitor_ip", "", nullptr},
    {"IPController.monitor_transport", "", nullptr},
    {"IPController.mon_port", "", nullptr},
    {"IPController.copy_config_files", "", nullptr},
    {"IPController.overwrite", "", nullptr},
    {"IPController.add_ipython_dir_to_sys_path", "", nullptr},
    {"IPController.verbose_crash", "", nullptr},
    {"IPController.log_url", "", nullptr},
    {"IPController.log_format", "", nullptr},
    {"IPController.log_datefmt", "", nullptr},
    {"IPController.logging_config", "", nullptr},
    {"HeartMonitor.period", "as --ping", time<&O::heart_period, milliseconds, 10, 86400000>},
    {"HeartMonitor.max_heartmonitor_misses", "heartbeats an engine may miss in a row",
     number<&O::max_heart_misses, 1, 1000000>},
    {"HeartMonitor.debug", "", nullptr},
    {"TaskScheduler.scheme_name", "as --scheme", scheme},
    {"TaskScheduler.hwm", "as --hwm", task_limit},
    {"Session.key", "the key that signs messages; empty: none", key},
    {"Session.keyfile", "as --keyfile", key_file},
    {"Session.session", "as --ident", controller_text<&O::session>},
    {"Session.username", "as --user", text<&Settings::user>},
    {"Session.signature_scheme", "hmac-sha256, or another hash", signature_scheme},
    {"Session.packer", "json", packer},
    {"Session.unpacker", "json", packer},
    {"Session.metadata", "", nullptr},
    {"Session.debug", "", nullptr},
    {"Session.check_pid", "", nullptr},
    {"Session.buffer_threshold", "", nullptr},
    {"Session.copy_threshold", "", nullptr},
    {"Session.item_threshold", "", nullptr},
    {"Session.digest_history_size", "", nullptr},
    {"ProfileDir.location", "as --profile-dir", cluster<&C::profile_dir>},
    {"DictDB.record_limit", "records kept at most", number<&O::record_limit, 1, 1L << 40>},
    {"DictDB.size_limit", "bytes of data kept with them at most",
     number<&O::record_bytes, 1, 1L << 50>},
    {"DictDB.cull_fraction", "", nullptr},
    {"SQLiteDB.filename", "name of the database", text<&Settings::record_name>},
    {"SQLiteDB.location", "directory of the database", text<&Settings::record_directory>},
    {"SQLiteDB.table", "", nullptr},
    {"MongoDB.database", "", nullptr},
    {"MongoDB.connection_args", "", nullptr},
    {"MongoDB.connection_kwargs", "", nullptr},
};

}  // namespace

std::span<const Trait> all_traits() {
  return kTraits;
}

Result<long> parse_number(const std::string& what, const std::string& text, long least, long most) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return wrong(what, text,
                 "a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

Result<std::vector<int>> parse_ports(const std::string& text) {
  std::string list = text;
  std::erase_if(list,
                [](char c) { return c == '[' || c == ']' || c == ' ' || c == '(' || c == ')'; });
  if (list.ends_with(',')) list.pop_back();
  std::vector<int> ports;
  for (const auto& part : split(list, ',')) {
    const size_t dash = part.find('-');
    IPC_TRY_ASSIGN(const long first, parse_number("ports", part.substr(0, dash), 1, 65535));
    long last = first;
    if (dash != std::string::npos) {
      IPC_TRY_ASSIGN(last, parse_number("ports", part.substr(dash + 1), first, 65535));
    }
    for (long port = first; port <= last; ++port) ports.push_back(static_cast<int>(port));
  }
  return ports;
}

}  // namespace ipc
