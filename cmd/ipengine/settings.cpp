// SPDX-License-Identifier: BSD-3-Clause
// What the command line of ipengine says.
#include "cmd/ipengine/settings.hpp"

#include <cstdlib>
#include <filesystem>

#include "libipc/util/file.hpp"

namespace ipc::ipengine {

const cli::Command kCommand = {
    .name = "ipengine",
    .synopsis = {"[--profile NAME | --file FILE] [options]"},
    .summary =
        "An engine: keeps a namespace and runs what a cluster's clients send to it. Normally "
        "started by\nipcluster; by hand, once for each engine, on any machine that has the "
        "connection file.",
    .examples = {{"ipengine", "an engine of the default profile's cluster"},
                 {"ipengine --file=engine.json --daemonize", "in the background once registered"},
                 {"ipengine --kernel sh", "whose main kernel is a shell"}},
    .options =
        {{'f', "file", "FILE", "connection file; default: the cluster's engine file"},
         {0, "profile", "NAME", "cluster of this profile; default $IPKIT_PROFILE, else default"},
         {0, "profile-dir", "DIR", "the profile's directory itself"},
         {0, "cluster-id", "ID", "which cluster of the profile; default $IPKIT_CLUSTER_ID"},
         {0, "kernel", "NAME", "main kernel: python (default), sh, echo, or one of your own"},
         {0, "python", "PATH", "interpreter; default $IPKIT_PYTHON, else python3 on PATH"},
         {0, "daemonize", "", "go to the background once registered"},
         {'c', "startup-command", "CODE", "run in the main kernel whenever it starts"},
         {'s', "startup-script", "FILE", "the same, from a file; before -c"},
         {0, "mpi", "", "start with mpi4py; the rank is the engine id asked for"},
         {0, "cwd", "DIR", "directory to work in"},
         {0, "work-dir", "DIR", "the same"},
         {0, "location", "HOST", "where the controller is, instead of what the file says"},
         {0, "timeout", "TIME", "for the file to appear, and for the registration; default 60s"},
         {0, "max-heartbeat-misses", "N", "missed checks before it stops; 0: never; default 50"},
         {0, "orphan-timeout", "TIME",
          "stop when the controller has been gone for this; default 60s"},
         {0, "log-level", "LEVEL", "debug, info, warning (default), error, or a number"},
         {0, "log-to-file", "", "log to the profile's log directory"},
         {0, "debug", "", "as --log-level=debug"},
         {0, "url", "URL", ""},
         {0, "ssh", "SERVER", ""},
         {0, "sshkey", "FILE", ""},
         {0, "log-url", "URL", ""},
         {0, "clean-logs", "", ""}},
    .common = 0,
    .traits = true,
};

namespace {

constexpr const char* kMpiCode =
    "from mpi4py import MPI\n"
    "mpi_rank = MPI.COMM_WORLD.Get_rank()\n"
    "mpi_size = MPI.COMM_WORLD.Get_size()\n";

std::optional<int> parse_id(const std::string& text) {
  char* end = nullptr;
  const long id = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || id < 0 || id > INT32_MAX) return {};
  return static_cast<int>(id);
}

std::optional<int> mpi_rank() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"})
    if (const char* text = ::getenv(variable); text != nullptr) return parse_id(text);
  return {};
}

Status refuse_missing(const cli::Arguments& arguments) {
  for (const char* name : {"url", "ssh", "sshkey", "log-url"})
    if (!arguments.get_or(name, "").empty())
      return Error{Code::usage, std::string("--") + name + " is not done by this engine",
                   std::string(name).starts_with("ssh")
                       ? "forward the ports with ssh -L and name the host with --location"
                       : ""};
  return {};
}

// Settings of the reference's classes that mean something here; all others are accepted for its
// scripts' sake.
Status take_trait(const std::string& name, const std::string& value, Settings& settings) {
  auto& engine = settings.engine;
  if (name == "IPEngine.id") {
    engine.id = parse_id(value);
    if (!engine.id && value != "None")
      return Error{Code::usage, "--IPEngine.id: '" + value + "' is not an id", ""};
  } else if (name == "IPEngine.startup_command") {
    engine.startup_command = value;
  } else if (name == "IPEngine.startup_script") {
    engine.startup_script = value;
  } else if (name == "IPEngine.url_file") {
    settings.file = value;
  } else if (name == "IPEngine.location") {
    settings.location = value;
  } else if (name == "IPEngine.max_heartbeat_misses") {
    engine.max_heartbeat_misses = parse_id(value).value_or(engine.max_heartbeat_misses);
  } else if (name == "IPEngine.timeout" || name == "IPEngine.wait_for_url_file") {
    IPC_TRY_ASSIGN(const Duration limit, parse_duration(value));
    settings.limit = std::max(settings.limit, limit);
  }
  return {};
}

void take_environment(Settings& settings) {
  const char* text = ::getenv("IPP_CONNECTION_INFO");
  const char* own = ::getenv("IPKIT_CONNECTION");
  if (text == nullptr && own != nullptr && own[0] == '{') text = own;
  if (text != nullptr && settings.file.empty()) settings.connection_text = text;
  // It holds the key: what the engine starts need not have it.
  if (text != nullptr) ::unsetenv(text == own ? "IPKIT_CONNECTION" : "IPP_CONNECTION_INFO");
}

Status take_level(const cli::Arguments& arguments, Settings& settings) {
  settings.quiet = arguments.has("quiet");
  if (settings.quiet) settings.level = log::Level::error;
  if (arguments.has("verbose")) settings.level = log::Level::info;
  if (arguments.has("debug")) settings.level = log::Level::debug;
  if (const auto level = arguments.get("log-level")) {
    IPC_TRY_ASSIGN(settings.level, log::parse_level(*level));
  }
  return {};
}

std::string absolute(const std::string& path) {
  std::error_code error;
  return path.empty() ? path : std::filesystem::absolute(path, error).string();
}

}  // namespace

std::string Settings::connection_file() const {
  return !file.empty() ? file : config::connection_file(cluster, config::FileKind::engine);
}

Result<Settings> read_settings(const cli::Arguments& arguments) {
  if (!arguments.operands.empty())
    return Error{Code::usage, "ipengine takes no operand '" + arguments.operands[0] + "'",
                 "try ipengine -h"};
  IPC_TRY(refuse_missing(arguments));
  Settings settings;
  IPC_TRY_ASSIGN(settings.cluster,
                 config::resolve_cluster({arguments.get("profile"), arguments.get("profile-dir"),
                                          arguments.get("cluster-id")}));
  for (const auto& [name, value] : arguments.traits) IPC_TRY(take_trait(name, value, settings));
  settings.file = absolute(arguments.get_or("file", settings.file));
  settings.location = arguments.get_or("location", settings.location);
  settings.python = arguments.get_or("python", "");
  settings.directory = arguments.get_or("cwd", arguments.get_or("work-dir", ""));
  settings.daemonize = arguments.has("daemonize");
  settings.log_to_file = arguments.has("log-to-file");
  IPC_TRY(take_level(arguments, settings));
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  settings.limit = limit.value_or(settings.limit);
  auto& engine = settings.engine;
  IPC_TRY_ASSIGN(const auto orphan, arguments.duration("orphan-timeout"));
  engine.orphan_limit = orphan.value_or(engine.orphan_limit);
  IPC_TRY_ASSIGN(const long misses, arguments.number("max-heartbeat-misses",
                                                     engine.max_heartbeat_misses, 0, 1'000'000));
  engine.max_heartbeat_misses = static_cast<int>(misses);
  engine.kernel = arguments.get_or("kernel", engine.kernel);
  engine.registration_limit = settings.limit;
  engine.profile_dir = settings.cluster.profile_dir;
  engine.startup_command = arguments.get_or("startup-command", engine.startup_command);
  engine.startup_script = absolute(arguments.get_or("startup-script", engine.startup_script));
  if (arguments.has("mpi")) {
    engine.startup_command = kMpiCode + engine.startup_command;
    if (!engine.id) engine.id = mpi_rank();
  }
  take_environment(settings);
  return settings;
}

}  // namespace ipc::ipengine
