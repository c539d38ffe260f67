// SPDX-License-Identifier: BSD-3-Clause
// The command line and the environment of ipcontroller.
#include "cmd/ipcontroller/options.hpp"

#include <cstdlib>

#include "libipc/sched/policy.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

// Long names without effect here; most tools only pass them on.
constexpr std::string_view kIgnored[] = {"usethreads", "init", "log-url"};

std::optional<std::string> environment(const char* name) {
  for (const char* prefix : {"IPKIT_", "IPP_"})
    if (const char* value = std::getenv((std::string(prefix) + name).c_str())) return value;
  return {};
}

bool is_true(const std::string& text) {
  return text == "1" || text == "true" || text == "True" || text == "yes";
}

void read_environment(Settings& settings) {
  if (const auto key = environment("SESSION_KEY")) settings.key = *key;
  if (const auto curve = environment("ENABLE_CURVE")) settings.enable_curve = is_true(*curve);
  if (const auto key = environment("CURVE_SECRETKEY")) settings.controller.curve.secret_key = *key;
  if (const auto key = environment("CURVE_PUBLICKEY")) settings.controller.curve.public_key = *key;
}

// Options that are another spelling of a trait.
struct Alias {
  std::string_view option, trait;
};
constexpr Alias kAliases[] = {
    {"ip", "IPController.ip"},
    {"ports", "IPController.ports"},
    {"location", "IPController.location"},
    {"transport", "IPController.transport"},
    {"ssh", "IPController.ssh_server"},
    {"enginessh", "IPController.engine_ssh_server"},
    {"ping", "HeartMonitor.period"},
    {"scheme", "TaskScheduler.scheme_name"},
    {"hwm", "TaskScheduler.hwm"},
    {"work-dir", "IPController.work_dir"},
    {"ident", "Session.session"},
    {"user", "Session.username"},
    {"keyfile", "Session.keyfile"},
    {"log-level", "IPController.log_level"},
};

Status refuse_missing(const cli::Arguments& arguments) {
  for (const char* name : {"mongodb", "sqlitedb"})
    if (arguments.has(name))
      return Error{Code::usage,
                   std::string("--") + name + ": this release keeps task records in memory only",
                   "use --dictdb or --nodb"};
  return {};
}

void apply_flags(const cli::Arguments& arguments, Settings& settings) {
  if (arguments.has("debug")) settings.log_level = log::Level::debug;
  if (arguments.has("quiet")) settings.log_level = log::Level::error;
  settings.log_to_file = settings.log_to_file || arguments.has("log-to-file");
  settings.clean_logs = settings.clean_logs || arguments.has("clean-logs");
  settings.daemonize = arguments.has("daemonize");
  settings.controller.restore = settings.controller.restore || arguments.has("restore");
  settings.reuse = settings.reuse || arguments.has("reuse") || settings.controller.restore;
  settings.enable_curve = settings.enable_curve || arguments.has("enable-curve");
  if (arguments.has("no-secure")) settings.key = "";
  if (arguments.has("nodb")) settings.controller.records = ControllerOptions::Records::none;
  if (arguments.has("dictdb")) settings.controller.records = ControllerOptions::Records::memory;
  for (const auto name : kIgnored)
    if (arguments.has(name))
      settings.remarks.push_back("--" + std::string(name) + " changes nothing here");
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

// The key and CURVE, once everything is known.
void settle_security(Settings& settings) {
  ControllerOptions& options = settings.controller;
  if (settings.enable_curve) {
    if (options.curve.secret_key.empty()) options.curve = net::new_curve_keys();
    options.curve.is_server = true;
  } else {
    options.curve = {};
  }
  // Encrypted connections need no signatures: the reference does without them too.
  if (settings.key)
    options.key = *settings.key;
  else if (!settings.enable_curve)
    options.key = random_hex(4) + "-" + random_hex(12);
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
          {0, "ip", "ADDR", "address to listen on; default 127.0.0.1, * for all"},
          {0, "port", "PORT", "where engines and clients register; default any free one"},
          {0, "ports", "LIST", "take all ports from these: 10101-10120 or 1,2,3"},
          {0, "location", "HOST", "how others reach this machine; default its host name"},
          {0, "transport", "NAME", "tcp or ipc; default tcp"},
          {0, "ssh", "HOST", "clients tunnel through this ssh server"},
          {0, "enginessh", "HOST", "engines tunnel through this ssh server"},
          {0, "ping", "MS", "milliseconds between heartbeats; default 3000"},
          {0, "scheme", "NAME", "leastload (default), lru, plainrandom, twobin or weighted"},
          {0, "hwm", "N", "tasks an engine may have at a time; default 1, 0 = any number"},
          {0, "reuse", "", "keep ports and key of the files of an earlier run"},
          {0, "restore", "", "the same, and take over its engines"},
          {0, "dictdb", "", "keep task records in memory (default)"},
          {0, "nodb", "", "keep no task records"},
          {0, "keyfile", "FILE", "take the key from this file"},
          {0, "secure", "", "sign messages (default)"},
          {0, "no-secure", "", "do not sign messages"},
          {0, "enable-curve", "", "encrypt connections"},
          {0, "ident", "ID", "the hub's session id"},
          {0, "user", "NAME", "user name in messages"},
          {0, "poll-spin", "TIME", "look for more work this long before sleeping; default 120us"},
          {0, "max-message-size", "BYTES", "larger messages end their connection"},
          {0, "daemonize", "", "go to the background when ready"},
          {0, "work-dir", "DIR", "run there"},
          {0, "log-level", "LEVEL", "debug, info, warning or error, or 10, 20, 30, 40"},
          {0, "log-to-file", "", "log to the profile's log directory"},
          {0, "clean-logs", "", "remove old log files of this cluster first"},
          {0, "debug", "", "--log-level=debug"},
          {0, "usethreads", "", ""},
          {0, "sqlitedb", "", ""},
          {0, "mongodb", "", ""},
          {0, "init", "", ""},
          {0, "log-url", "URL", ""},
          {0, "help-all", "", ""},
          {0, "ipython-dir", "DIR", ""},
      },
      0,
      true};
  return command;
}

Result<Settings> read_settings(const cli::Arguments& arguments) {
  Settings settings;
  if (!arguments.operands.empty())
    return Error{Code::usage, "'" + arguments.operands[0] + "' is not an option",
                 "try ipcontroller -h"};
  IPC_TRY(refuse_missing(arguments));
  read_environment(settings);
  for (const auto& [trait, value] : arguments.traits) IPC_TRY(apply_trait(trait, value, settings));
  for (const auto& [option, trait] : kAliases)
    if (const auto value = arguments.get(option)) {
      const auto applied = apply_trait(std::string(trait), *value, settings);
      if (!applied)
        return Error{applied.error().code, "--" + std::string(option) + ": " + applied.error().what,
                     applied.error().hint};
    }
  apply_flags(arguments, settings);
  ControllerOptions& options = settings.controller;
  IPC_TRY_ASSIGN(const long port, arguments.number("port", 0, 0, 65535));
  options.registration_port = static_cast<int>(port);
  IPC_TRY_ASSIGN(const long size, arguments.number("max-message-size", -1, 1, 1L << 62));
  options.max_message_size = size;
  if (const auto spin = arguments.get("poll-spin")) {
    IPC_TRY_ASSIGN(options.poll_spin, parse_spin(*spin));
  }
  if (const auto dir = arguments.get("ipython-dir")) ::setenv("IPYTHONDIR", dir->c_str(), 1);
  auto& cluster = settings.cluster_options;
  if (auto name = arguments.get("profile")) cluster.profile = *name;
  if (auto dir = arguments.get("profile-dir")) cluster.profile_dir = *dir;
  if (auto id = arguments.get("cluster-id")) cluster.cluster_id = *id;
  IPC_TRY_ASSIGN(settings.cluster, config::resolve_cluster(cluster));
  if (settings.location.empty()) settings.location = host_name();
  settle_security(settings);
  return settings;
}

}  // namespace ipc
