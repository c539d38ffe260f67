// SPDX-License-Identifier: BSD-3-Clause
// What the command line of ipengine says.
#include "cmd/ipengine/settings.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "cmd/ipengine/traits.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/size.hpp"

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
         {0, "kernel", "NAME",
          "main kernel: python (default), sh, jupyter:NAME, cluster:PROFILE, …"},
         {0, "python", "PATH", "interpreter; default $IPKIT_PYTHON, else python3 on PATH"},
         {0, "daemonize", "", "go to the background once registered"},
         {0, "restart", "POLICY",
          "when the kernel ends: never (default; the engine ends), on-failure[:N a minute]"},
         {0, "memory-limit", "SIZE", "kill the kernel when it has more: 500M, 2G"},
         {0, "task-timeout", "TIME", "stop a request that runs for longer: 30s, 2h"},
         {0, "lifetime", "TIME", "end after this: take no more work, finish what runs: 55m, 4h"},
         {0, "drain-timeout", "TIME", "for what runs when the lifetime ends; default 60s"},
         {0, "nice", "N", "run kernels with this niceness"},
         {0, "env", "NAME=VALUE", "set a variable for kernels; repeatable", true},
         {0, "prologue", "FILE", "shell script that kernels are started from: modules, venv"},
         {'c', "startup-command", "CODE", "run in the main kernel whenever it starts"},
         {'s', "startup-script", "FILE", "the same, from a file; before -c"},
         {0, "mpi", "",
          "a process of an MPI program: the rank is the engine id asked for, mpi4py is there"},
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
         {0, "config", "FILE", "read traits of the reference from this file too"},
         {0, "ipython-dir", "DIR", "where profiles are; default $IPYTHONDIR, else ~/.ipython"},
         {0, "keyfile", "FILE", "has the key that signs messages, if the connection file has none"},
         {0, "ident", "ID", "the engine's session id, by which the controller knows it"},
         {0, "user", "NAME", "user name in messages"},
         {0, "show-config", "", "print the traits that are set, and end"},
         {0, "show-config-json", "", "the same as JSON"},
         {0, "help-all", "", "this text and the traits of the reference"},
         {0, "url", "URL", ""},
         {0, "ssh", "HOST", "go through this ssh server: [user@]host[:port]"},
         {0, "sshkey", "FILE", "private key for it, beside those of ssh_config(5)"},
         {0, "log-url", "URL", ""},
         {0, "clean-logs", "", ""},
         {0, "init", "", ""},
         {0, "secure", "", ""},
         {0, "no-secure", "", ""}},
    .common = 0,
    .traits = true,
};

namespace {

/// Rank and size, by the variables of those who start MPI programs; nothing if there are none.
std::optional<std::pair<int, int>> mpi_place() {
  constexpr std::pair<const char*, const char*> kVariables[] = {
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
      {"PMI_RANK", "PMI_SIZE"},
      {"PMIX_RANK", "SLURM_NTASKS"},
      {"SLURM_PROCID", "SLURM_NTASKS"}};
  for (const auto& [rank, size] : kVariables)
    if (const char* text = ::getenv(rank); text != nullptr)
      if (const char* of = ::getenv(size); of != nullptr) return {{std::atoi(text), std::atoi(of)}};
  return {};
}

// The kernel is the MPI process, and mpiexec knows the engine as such.
Status take_mpi(Settings& settings) {
  auto& engine = settings.engine;
  if (settings.daemonize)
    return Error{Code::usage, "--mpi with --daemonize: mpiexec would take it for ended", ""};
  engine.mpi = true;
  engine.mpi_code = settings.mpi_code;
  engine.restart = false;  // nothing can join an MPI program again
  const auto place = mpi_place();
  if (!place) return {};
  const auto [rank, size] = *place;
  settings.kernel.environment.push_back("IPKIT_MPI_RANK=" + std::to_string(rank));
  settings.kernel.environment.push_back("IPKIT_MPI_SIZE=" + std::to_string(size));
  if (!engine.id && size > 1) engine.id = rank;
  // As the reference: a great many shall not come at once.
  if (rank >= 100) engine.registration_delay = settings.mpi_delay * rank;
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

std::string absolute(const std::string& path) {
  std::error_code error;
  return path.empty() ? path : std::filesystem::absolute(path, error).string();
}

Status take_restart(std::string_view policy, engine::EngineConfig& engine) {
  constexpr std::string_view kCounted = "on-failure:";
  engine.restart = policy != "never";
  if (policy == "never" || policy == "on-failure") return {};
  if (policy.starts_with(kCounted)) {
    const std::string_view count = policy.substr(kCounted.size());
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), engine.restarts);
    if (error == std::errc() && end == count.data() + count.size()) return {};
  }
  return Error{Code::usage,
               "--restart '" + std::string(policy) + "': not never, on-failure or on-failure:N",
               ""};
}

// What a kernel may use, and what it runs in.
Status take_limits(const cli::Arguments& arguments, Settings& settings) {
  engine::EngineConfig& engine = settings.engine;
  engine::KernelSetting& kernel = settings.kernel;
  IPC_TRY(take_restart(arguments.get_or("restart", "never"), engine));
  if (arguments.has("memory-limit")) {
    auto size = parse_size(arguments.get_or("memory-limit", ""));
    if (!size) return Error{Code::usage, "--memory-limit: " + size.error().what, size.error().hint};
    engine.limits.memory = *size;
  }
  IPC_TRY_ASSIGN(const auto time, arguments.duration("task-timeout"));
  engine.limits.task_time = time.value_or(Duration(0));
  // What is over its limit is below, among others that are not.
  for (const char* option : {"memory-limit", "task-timeout"})
    if (engine::is_cluster(engine.kernel) && arguments.has(option))
      return Error{Code::usage, std::string("--") + option + " is for kernels of this machine",
                   "give it to the engines of " + engine.kernel};
  IPC_TRY_ASSIGN(const auto lifetime, arguments.duration("lifetime"));
  engine.lifetime = lifetime.value_or(Duration(0));
  IPC_TRY_ASSIGN(const auto drain, arguments.duration("drain-timeout"));
  engine.drain_limit = drain.value_or(engine.drain_limit);
  IPC_TRY_ASSIGN(const long nice, arguments.number("nice", 0, -20, 19));
  kernel.nice = static_cast<int>(nice);
  kernel.environment = arguments.all("env");
  for (const auto& entry : kernel.environment)
    if (entry.find('=') == std::string::npos || entry.front() == '=')
      return Error{Code::usage, "--env '" + entry + "': not NAME=VALUE", ""};
  kernel.prologue = absolute(arguments.get_or("prologue", ""));
  if (!kernel.prologue.empty() && ::access(kernel.prologue.c_str(), R_OK) != 0)
    return system_error(Code::no_input, "--prologue " + kernel.prologue);
  if (!kernel.prologue.empty() && !is_trusted(kernel.prologue))
    return Error{Code::refused, "--prologue " + kernel.prologue + " can be written by others",
                 "chmod go-w it, and its directory"};
  kernel.python = arguments.get_or("python", "");
  return {};
}

// Tasks would come back to it.
Status check_cluster(const Settings& settings) {
  const auto& own = settings.cluster;
  const std::string id = own.cluster_id.empty() ? "" : "/" + own.cluster_id;
  if (settings.engine.kernel != "cluster:" + own.profile + id || !settings.file.empty()) return {};
  return Error{Code::usage, "--kernel " + settings.engine.kernel + " is the engine's own cluster",
               "name the cluster above with --profile or --file"};
}

}  // namespace

std::string Settings::connection_file() const {
  if (!file.empty()) return file;
  if (!file_name.empty()) return config::security_directory(cluster) + "/" + file_name;
  return config::connection_file(cluster, config::FileKind::engine);
}

// Twice: the files that count are known only when the command line is.
static Status take_traits(const cli::Arguments& arguments, Settings& settings) {
  const auto command_line = traits_on_command_line(arguments);
  Settings first;
  IPC_TRY(apply_traits(command_line, first));
  IPC_TRY_ASSIGN(first.cluster, config::resolve_cluster(first.cluster_options));
  IPC_TRY(read_trait_files(first, settings.given, settings.remarks));
  settings.given.insert(settings.given.end(), command_line.begin(), command_line.end());
  IPC_TRY(apply_traits(settings.given, settings));
  IPC_TRY_ASSIGN(settings.cluster, config::resolve_cluster(settings.cluster_options));
  return {};
}

Result<Settings> read_settings(const cli::Arguments& arguments) {
  if (!arguments.operands.empty())
    return Error{Code::usage, "ipengine takes no operand '" + arguments.operands[0] + "'",
                 "try ipengine -h"};
  Settings settings;
  IPC_TRY(take_traits(arguments, settings));
  settings.file = absolute(settings.file);
  settings.daemonize = arguments.has("daemonize");
  settings.quiet = arguments.has("quiet");
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  settings.limit = limit.value_or(settings.limit);
  auto& engine = settings.engine;
  IPC_TRY_ASSIGN(const auto orphan, arguments.duration("orphan-timeout"));
  engine.orphan_limit = orphan.value_or(engine.orphan_limit);
  engine.kernel = arguments.get_or("kernel", engine.kernel);
  IPC_TRY(take_limits(arguments, settings));
  engine.registration_limit = settings.limit;
  engine.profile_dir = settings.cluster.profile_dir;
  engine.startup_script = absolute(engine.startup_script);
  IPC_TRY(check_cluster(settings));
  if (settings.mpi) IPC_TRY(take_mpi(settings));
  take_environment(settings);
  return settings;
}

}  // namespace ipc::ipengine
