// SPDX-License-Identifier: BSD-3-Clause
// The command line and the environment of ipcontroller.
#include "cmd/ipcontroller/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "cmd/ipcontroller/traits.hpp"
#include "libipc/cli/traits.hpp"
#include "libipc/config/trait_file.hpp"
#include "libipc/net/address.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

std::optional<std::string> environment(const char* name, std::string& variable) {
  for (const char* prefix : {"IPKIT_", "IPP_"}) {
    variable = std::string(prefix) + name;
    if (const char* value = std::getenv(variable.c_str())) return value;
  }
  return {};
}

void read_environment(std::vector<Given>& given) {
  constexpr std::pair<const char*, const char*> kVariables[] = {
      {"SESSION_KEY", "Session.key"},
      {"ENABLE_CURVE", "IPController.enable_curve"},
      {"CURVE_SECRETKEY", "IPController.curve_secretkey"},
      {"CURVE_PUBLICKEY", "IPController.curve_publickey"}};
  std::string variable;
  for (const auto& [name, trait] : kVariables) {
    auto value = environment(name, variable);
    if (!value) continue;
    // The reference knows 1 and, as anything else, no.
    if (trait == std::string_view("IPController.enable_curve") && value->empty()) continue;
    if (trait == std::string_view("IPController.enable_curve"))
      value = *value == "1" || *value == "true" || *value == "True" || *value == "yes" ? "True"
                                                                                       : "False";
    given.push_back({trait, *std::move(value), "$" + variable});
  }
}

// Options that are a trait by another name.
struct Alias {
  std::string_view option, trait;
};
constexpr Alias kAliases[] = {
    {"ip", "IPController.ip"},
    {"port", "IPController.regport"},
    {"ports", "IPController.ports"},
    {"location", "IPController.location"},
    {"transport", "IPController.transport"},
    {"ssh", "IPController.ssh_server"},
    {"enginessh", "IPController.engine_ssh_server"},
    {"ping", "HeartMonitor.period"},
    {"scheme", "TaskScheduler.scheme_name"},
    {"hwm", "TaskScheduler.hwm"},
    {"profile", "IPController.profile"},
    {"profile-dir", "ProfileDir.location"},
    {"cluster-id", "IPController.cluster_id"},
    {"ipython-dir", "IPController.ipython_dir"},
    {"config", "IPController.extra_config_file"},
    {"work-dir", "IPController.work_dir"},
    {"ident", "Session.session"},
    {"user", "Session.username"},
    {"keyfile", "Session.keyfile"},
    {"log-level", "IPController.log_level"},
    {"log-url", "IPController.log_url"},
};

// Flags that set a trait.
struct Flag {
  std::string_view option, trait, value;
};
constexpr Flag kFlags[] = {
    {"dictdb", "IPController.db_class", "DictDB"},
    {"nodb", "IPController.db_class", "NoDB"},
    {"sqlitedb", "IPController.db_class", "SQLiteDB"},
    {"mongodb", "IPController.db_class", "MongoDB"},
    {"reuse", "IPController.reuse_files", "True"},
    {"restore", "IPController.restore_engines", "True"},
    {"enable-curve", "IPController.enable_curve", "True"},
    {"no-curve", "IPController.enable_curve", "False"},
    {"no-secure", "Session.key", ""},
    {"debug", "IPController.log_level", "DEBUG"},
    {"verbose", "IPController.log_level", "DEBUG"},
    {"quiet", "IPController.log_level", "CRITICAL"},
    {"log-to-file", "IPController.log_to_file", "True"},
    {"clean-logs", "IPController.clean_logs", "True"},
    {"show-config", "IPController.show_config", "True"},
    {"show-config-json", "IPController.show_config_json", "True"},
    {"usethreads", "IPController.use_threads", "True"},
    {"init", "IPController.copy_config_files", "True"},
};

// In the form in which Python makes them.
std::string new_key() {
  return random_hex(4) + "-" + random_hex(12);
}

std::vector<Given> on_command_line(const cli::Arguments& arguments) {
  std::vector<Given> given;
  for (const auto& [trait, value] : arguments.traits)
    given.push_back({trait, config::unquoted(value), "--" + trait});
  for (const auto& [option, value] : arguments.options) {
    const std::string origin = "--" + option;
    for (const auto& alias : kAliases)
      if (alias.option == option)
        given.push_back({std::string(alias.trait), config::unquoted(value), origin});
    for (const auto& flag : kFlags)
      if (flag.option == option)
        given.push_back({std::string(flag.trait), std::string(flag.value), origin});
    if (option == "secure") given.push_back({"Session.key", new_key(), origin});
  }
  return given;
}

Result<Settings> apply_all(std::vector<Given> given) {
  Settings settings;
  settings.controller.records = ControllerOptions::Records::sqlite;
  settings.controller.registration_timeout = Duration(0);  // follows from the heartbeat's period
  for (const auto& one : given) {
    if (!one.in_file) {
      const auto applied = apply_trait(one, settings);
      if (!applied) return applied.error();
    } else if (const auto known = find_trait(one.trait); !known) {
      // The file may be for a program of another version.
      settings.warnings.push_back(one.origin + ": " + known.error().text());
    } else if (const auto applied = apply_trait(one, settings); !applied) {
      return Error{Code::bad_profile, applied.error().what, applied.error().hint};
    }
  }
  settings.given = std::move(given);
  return settings;
}

// What the reference's own configuration files say.
Status read_files(const Settings& settings, std::vector<Given>& given,
                  std::vector<std::string>& warnings) {
  for (const auto& file :
       config::trait_files(settings.cluster, "ipcontroller_config.py", settings.config_file)) {
    IPC_TRY_ASSIGN(auto read, config::read_trait_file(file));
    for (const auto& line : read.lines)
      given.push_back({line.name, line.value, line.origin + ": " + line.name, true});
    for (const auto& origin : read.not_understood)
      warnings.push_back(origin + ": not understood, only c.Class.trait = literal is");
  }
  return {};
}

// parse_duration knows no microseconds, and here nothing else is sensible.
Result<microseconds> parse_spin(const std::string& text) {
  if (text.ends_with("us")) {
    IPC_TRY_ASSIGN(const long n,
                   parse_number("--poll-spin", text.substr(0, text.size() - 2), 0, 10000));
    return microseconds(n);
  }
  const auto time = parse_duration(text);
  if (!time || *time > milliseconds(10))
    return Error{Code::usage, "--poll-spin: '" + text + "' is not a time up to 10ms",
                 "120us, or 0"};
  return std::chrono::duration_cast<microseconds>(*time);
}

// "30d,10G,100000": an age, bytes, a number, in any order; none: no limit.
Result<hub::RecordLimits> parse_record_limits(const std::string& text) {
  const Error wrong{Code::usage, "--record-limit: '" + text + "' is not a list of limits",
                    "an age, bytes or a number: 30d,10G or 100000; 0: none"};
  hub::RecordLimits limits;
  for (const auto& item : split(text, ',')) {
    const std::size_t unit = item.find_first_not_of("0123456789");
    const auto number = parse_number("--record-limit", item.substr(0, unit), 0, 1L << 40);
    if (!number) return wrong;
    const auto count = static_cast<std::size_t>(*number);
    const std::string_view rest =
        unit == std::string::npos ? "" : std::string_view(item).substr(unit);
    constexpr std::string_view kBytes = "KMGT", kTimes = "smhd";
    constexpr std::array<int, 4> kSeconds{1, 60, 3600, 86400};
    if (rest.empty())
      limits.records = count;
    else if (rest.size() > 1)
      return wrong;
    else if (const auto at = kBytes.find(rest[0]); at != kBytes.npos && *number < 1L << 20)
      limits.bytes = count << (10 * (at + 1));
    else if (const auto time = kTimes.find(rest[0]); time != kTimes.npos && *number < 1L << 30)
      limits.age = std::chrono::seconds(*number * kSeconds[time]);
    else
      return wrong;
  }
  return limits;
}

// Keys that were given must be a pair; one that was not follows from the other.
Status settle_curve(net::Curve& curve, bool& is_new) {
  curve.is_server = true;
  if (curve.secret_key.empty() && !curve.public_key.empty())
    return Error{Code::usage, "a CURVE public key without its secret key",
                 "give IPController.curve_secretkey or $IPP_CURVE_SECRETKEY too"};
  if (curve.secret_key.empty()) {
    curve = net::new_curve_keys();
    curve.is_server = is_new = true;
    return {};
  }
  const std::string own = net::curve_public_key(curve.secret_key);
  if (own.empty())
    return Error{Code::usage, "the CURVE secret key is no key", "it has 40 characters of Z85"};
  if (curve.public_key.empty()) curve.public_key = own;
  if (curve.public_key != own) return Error{Code::usage, "the CURVE keys given are not a pair", ""};
  return {};
}

// Whoever others can reach encrypts, unless told not to.
bool wants_curve(const Settings& settings) {
  const ControllerOptions& options = settings.controller;
  if (!options.authorized_keys.empty()) return true;
  return settings.enable_curve.value_or(!net::is_local_interface(options.client_interface) ||
                                        !net::is_local_interface(options.engine_interface));
}

// Every user of this machine sees command lines.
void warn_of_open_keys(Settings& settings) {
  for (const auto& [trait, value, origin, in_file] : settings.given)
    if (!value.empty() && (origin == "--Session.key" || origin == "--IPController.curve_secretkey"))
      settings.warnings.push_back(origin + ": every user of this machine can read that key (ps); " +
                                  "give it with --keyfile, or in the environment");
}

// Files name addresses: a peer elsewhere cannot know what eth0 is here.
Status settle_address(std::string& interface) {
  constexpr std::string_view kTcp = "tcp://";
  if (!interface.starts_with(kTcp)) return {};
  IPC_TRY_ASSIGN(const std::string address, net::listen_address(interface.substr(kTcp.size())));
  interface = std::string(kTcp) + address;
  return {};
}

// What depends on other settings, once everything is known.
Status settle(Settings& settings) {
  ControllerOptions& options = settings.controller;
  if (settings.location.empty()) settings.location = host_name();
  IPC_TRY(settle_address(options.client_interface));
  IPC_TRY(settle_address(options.engine_interface));
  if (options.registration_timeout == Duration(0))
    options.registration_timeout = std::max<Duration>(seconds(30), options.heart_period * 10);
  const bool encrypts = wants_curve(settings);
  if (encrypts)
    IPC_TRY(settle_curve(options.curve, settings.curve_is_new));
  else
    options.curve = {};
  // Encrypted connections need no signatures: the reference does without them too.
  if (settings.key)
    options.key = *settings.key;
  else if (!encrypts)
    options.key = new_key();
  warn_of_open_keys(settings);
  return {};
}

}  // namespace

const cli::Command& controller_command() {
  static const cli::Command command{
      "ipcontroller",
      {"[OPTION]... [--Class.trait=value]..."},
      "Runs the controller of a cluster: engines register with it, clients reach them through it.",
      {{"ipcontroller --daemonize", "start in the background, return when it is ready"},
       {"ipcontroller --ip='*' --location=n1", "let engines on other machines come"}},
      {
          {0, "profile", "NAME", "cluster of this profile; default $IPKIT_PROFILE, else default"},
          {0, "profile-dir", "DIR", "the profile's directory itself"},
          {0, "cluster-id", "ID", "which cluster of the profile; default $IPKIT_CLUSTER_ID"},
          {0, "ip", "ADDR",
           "address, interface or host to listen on, * for all; default 127.0.0.1"},
          {0, "port", "PORT", "where engines and clients register; default any free one"},
          {0, "ports", "LIST", "take all ports from these: 10101-10120 or 1,2,3"},
          {0, "location", "HOST", "how others reach this machine; default its host name"},
          {0, "transport", "NAME",
           "tcp or ipc; default tcp, and on this machine local sockets too"},
          {0, "ssh", "HOST", "clients tunnel through this ssh server"},
          {0, "enginessh", "HOST", "engines tunnel through this ssh server"},
          {0, "ping", "MS", "milliseconds between heartbeats; default 3000"},
          {0, "scheme", "NAME",
           "leastload (default), lru, plainrandom, twobin, weighted, pure or ./FILE"},
          {0, "hwm", "N", "tasks an engine may have at a time, 0 = any number"},
          {0, "reuse", "", "keep ports and key of the files of an earlier run"},
          {0, "restore", "", "the same, and take over its engines"},
          {0, "durable", "", "keep tasks on disk until they end: they outlive the controller"},
          {0, "no-fsync", "", "the same, but do not wait for the disk itself"},
          {0, "sqlitedb", "", "keep task records in the profile's tasks.db (default)"},
          {0, "record-limit", "LIST", "age, bytes, number of those in it; default 30d,10G"},
          {0, "dictdb", "", "keep the last 1024 task records in memory"},
          {0, "nodb", "", "keep no task records"},
          {0, "keyfile", "FILE", "take the key from this file"},
          {0, "secure", "", "sign messages, with a new key (default)"},
          {0, "no-secure", "", "do not sign messages"},
          {0, "enable-curve", "",
           "encrypt connections (default if --ip is not this machine's own)"},
          {0, "no-curve", "", "do not, for peers that cannot"},
          {0, "authorized-keys", "FILE", "encrypt, and let in only public keys of this file"},
          {0, "ident", "ID", "the hub's session id"},
          {0, "user", "NAME", "user name in messages"},
          {0, "poll-spin", "TIME", "look for more work this long before sleeping; default 120us"},
          {0, "max-message-size", "BYTES", "larger messages end their connection"},
          {0, "metrics", "[ADDR:]PORT",
           "give out metrics for Prometheus over HTTP; 127.0.0.1 if no ADDR"},
          {0, "daemonize", "", "go to the background when ready"},
          {0, "work-dir", "DIR", "run there"},
          {0, "log-level", "LEVEL", "debug, info, warning or error, or 10, 20, 30, 40"},
          {0, "log-to-file", "", "log to the profile's log directory"},
          {0, "clean-logs", "", "remove old log files of this cluster first"},
          {0, "debug", "", "--log-level=debug"},
          {0, "config", "FILE", "read traits of the reference from this file too"},
          {0, "ipython-dir", "DIR", "where profiles are; default $IPYTHONDIR, else ~/.ipython"},
          {0, "show-config", "", "print the traits that are set, and end"},
          {0, "show-config-json", "", "the same as JSON"},
          {0, "help-all", "", "this text and the traits of the reference"},
          {0, "usethreads", "", ""},
          {0, "mongodb", "", ""},
          {0, "init", "", ""},
          {0, "log-url", "URL", ""},
      },
      0,
      true};
  return command;
}

std::vector<std::string> controller_words(int argc, char* const* argv) {
  constexpr std::pair<std::string_view, std::string_view> kBoth[] = {
      {"--log-to-file", "--IPController.log_to_file"},
      {"--clean-logs", "--IPController.clean_logs"}};
  return cli::spell_as_traits(cli::words_of(argc, argv), kBoth);
}

std::string help_all() {
  return cli::help_text(controller_command()) + traits_text();
}

Result<Settings> read_settings(const cli::Arguments& arguments) {
  if (!arguments.operands.empty())
    return Error{Code::usage, "'" + arguments.operands[0] + "' is not an option",
                 "try ipcontroller -h"};
  const auto command_line = on_command_line(arguments);
  IPC_TRY_ASSIGN(Settings first, apply_all(command_line));
  IPC_TRY_ASSIGN(first.cluster, config::resolve_cluster(first.cluster_options));
  std::vector<Given> given;
  std::vector<std::string> warnings;
  IPC_TRY(read_files(first, given, warnings));
  read_environment(given);
  given.insert(given.end(), command_line.begin(), command_line.end());
  IPC_TRY_ASSIGN(Settings settings, apply_all(std::move(given)));
  settings.warnings.insert(settings.warnings.end(), warnings.begin(), warnings.end());
  IPC_TRY_ASSIGN(settings.cluster, config::resolve_cluster(settings.cluster_options));
  settings.daemonize = arguments.has("daemonize");
  settings.durable = arguments.has("durable") || arguments.has("no-fsync");
  settings.controller.journal_sync = !arguments.has("no-fsync");
  ControllerOptions& options = settings.controller;
  IPC_TRY_ASSIGN(const long size, arguments.number("max-message-size", -1, 1, 1L << 62));
  options.max_message_size = size;
  if (const auto limits = arguments.get("record-limit")) {
    IPC_TRY_ASSIGN(options.file_limits, parse_record_limits(*limits));
  }
  if (const auto spin = arguments.get("poll-spin")) {
    IPC_TRY_ASSIGN(options.poll_spin, parse_spin(*spin));
  }
  if (const auto keys = arguments.get("authorized-keys")) {
    if (settings.enable_curve == false)
      return Error{Code::usage, "--authorized-keys with --no-curve: there are no keys then", ""};
    options.authorized_keys = std::filesystem::absolute(*keys).string();
  }
  if (const auto where = arguments.get("metrics")) {
    IPC_TRY_ASSIGN(settings.metrics, parse_metrics_address(*where));
  }
  IPC_TRY(settle(settings));
  return settings;
}

}  // namespace ipc
