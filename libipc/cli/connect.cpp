// SPDX-License-Identifier: BSD-3-Clause
// From the common options to a connection and to the engines meant.
#include "libipc/cli/connect.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "libipc/cli/groups.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/serial.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/serial/serial.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

Result<client::Options> connection_options(const Arguments& arguments) {
  client::Options options;
  const config::ClusterOptions given{arguments.get("profile"), arguments.get("profile-dir"),
                                     arguments.get("cluster-id")};
  IPC_TRY_ASSIGN(const auto cluster, config::resolve_cluster(given));
  options.profile = cluster.profile;
  options.cluster_id = cluster.cluster_id;
  const char* file = std::getenv("IPKIT_CONNECTION");
  const bool names_cluster = given.profile || given.profile_dir || given.cluster_id;
  if (const auto path = arguments.get("connection"))
    options.path = *path;
  else if (file != nullptr && *file != '\0' && !names_cluster)
    options.path = file;
  else
    options.path = config::connection_file(cluster, config::FileKind::client);
  IPC_TRY_ASSIGN(const auto patience, arguments.duration("connect-timeout"));
  if (patience) options.patience = *patience;
  if (!arguments.has("quiet")) options.remark = [](const std::string& text) { complain(text); };
  return options;
}

// Profiles with a cluster, or what is left of one.
static std::vector<std::string> profiles_in_use() {
  namespace fs = std::filesystem;
  constexpr std::string_view kPrefix = "profile_";
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config::ipython_directory(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) &&
        fs::exists(entry.path() / "security" / "ipcontroller-client.json", error))
      names.push_back(name.substr(kPrefix.size()));
  }
  return names;
}

// There is no file at `path`.
static std::string way_to_a_cluster(const Arguments& arguments, const std::string& path) {
  const config::ClusterOptions given{arguments.get("profile"), arguments.get("profile-dir"),
                                     arguments.get("cluster-id")};
  const auto cluster = config::resolve_cluster(given);
  if (!cluster || path != config::connection_file(*cluster, config::FileKind::client))
    return "--connection wants the ipcontroller-client.json of a controller that runs";
  const std::string near = given.profile ? nearest(*given.profile, profiles_in_use()) : "";
  if (!near.empty()) return "did you mean --profile=" + near + "?";
  return "start one: ipcluster start" + cluster->options() + " -n 4";
}

Result<std::unique_ptr<client::Connection>> connect(const Arguments& arguments, bool direct) {
  if (is_serial(arguments)) {
    client::Options options;
    options.stand_in = serial::make_engine();
    return client::Connection::open(std::move(options));
  }
  IPC_TRY_ASSIGN(auto options, connection_options(arguments));
  options.direct = direct;
  options.is_last = true;
  options.broadcast = arguments.has("broadcast");
  const std::string path = options.path;
  auto connection = client::Connection::open(std::move(options));
  const bool is_missing = !connection && connection.error().code == Code::no_controller &&
                          ::access(path.c_str(), F_OK) != 0;
  if (!is_missing) return connection;
  return Error{Code::no_controller, connection.error().what, way_to_a_cluster(arguments, path)};
}

Result<std::vector<int>> choose_engines(client::Connection& connection,
                                        const Arguments& arguments) {
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection.engines());
  const TargetChoice choice = target_choice(arguments);
  if (table->engines.empty() && choice.targets == "all") return connection.no_engines();
  return select_engines(arguments, choice, *table);
}

Result<std::vector<int>> choose_kernels(client::Connection& connection,
                                        const Arguments& arguments) {
  IPC_TRY_ASSIGN(auto engines, choose_engines(connection, arguments));
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection.engines());
  IPC_TRY_ASSIGN(const auto kernels, chosen_kernels(arguments));
  for (const auto& kernel : kernels) IPC_TRY(client::require_kernel(*table, engines, kernel));
  return engines;
}

SignalGuard::SignalGuard(client::Connection& connection) : connection_(connection) {
  connection_.loop().on_fd(interrupts_.fd(), POLLIN, [this](short) {
    connection_.interrupt();
    connection_.loop().remove_fd(interrupts_.fd());
  });
}

SignalGuard::~SignalGuard() {
  connection_.loop().remove_fd(interrupts_.fd());
  if (noted_signal() != 0) connection_.cancel_all();
}

Status await_jobs(client::Connection& connection, const std::vector<std::string>& ids) {
  std::vector<std::string> rest = ids;
  while (!rest.empty()) {
    IPC_TRY_ASSIGN(auto states, client::wait_for_jobs(connection, rest));
    if (!states.unknown.empty())
      return Error{Code::failed, "not run: there is no " + job_word(states.unknown[0]), ""};
    for (const auto& [id, outcome] : states.done)
      if (outcome != client::Outcome::ok)
        return Error{Code::failed, "not run: " + job_word(id) + " failed", ""};
    rest = std::move(states.pending);
  }
  return {};
}

std::string chosen_kernel(const Arguments& arguments) {
  return arguments.get_or("kernel", arguments.has("sh") ? "sh" : "");
}

Result<std::vector<std::string>> chosen_kernels(const Arguments& arguments) {
  const std::string text = chosen_kernel(arguments);
  // A file's name may have commas.
  if (text.empty() || text.starts_with("existing:")) return std::vector<std::string>{text};
  auto kernels = split(text, ',');
  for (auto kernel = kernels.begin(); kernel != kernels.end(); ++kernel) {
    if (std::find(kernels.begin(), kernel, *kernel) != kernel)
      return Error{Code::usage, "--kernel " + text + ": '" + *kernel + "' is there twice", ""};
    if (kernels.size() > 1 && kernel->empty())
      return Error{Code::usage, "--kernel " + text + ": a name is missing", "as in python,sh"};
  }
  return kernels;
}

}  // namespace ipc::cli
