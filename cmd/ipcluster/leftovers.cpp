// SPDX-License-Identifier: BSD-3-Clause
// What a cluster leaves behind when its ipcluster was killed.
#include "cmd/ipcluster/leftovers.hpp"

#include <unistd.h>

#include <algorithm>

#include "cmd/ipcluster/launcher.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"

namespace ipc::cluster {
namespace {

bool runs(const Process& process) {
  return process.launched.state == "running" || process.launched.state == "pending";
}

void remove(const std::string& path, std::vector<std::string>& removed) {
  remove_remains(path);
  if (::unlink(path.c_str()) == 0) removed.push_back(path);
}

/// A file is stale if the controller it names was one of this machine and is gone, or if there is
/// at most a part of it.
bool is_stale(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return true;
  const auto connection = net::read_connection(path);
  return connection && connection->controller.pid > 0 && !net::check_alive(*connection, path);
}

}  // namespace

Result<std::vector<Process>> recorded_processes(const config::ClusterName& cluster) {
  std::vector<Process> all;
  for (const auto& [kind, path] : records(cluster)) {
    IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, cluster));
    config::LaunchRequest request;
    request.record = path;
    IPC_TRY_ASSIGN(auto processes, launcher.run("status", request));
    for (auto& launched : processes) all.push_back(Process{std::move(launched), kind});
  }
  return all;
}

Result<int> end_leftovers(const config::ClusterName& cluster) {
  IPC_TRY_ASSIGN(const auto recorded, recorded_processes(cluster));
  const auto running = std::count_if(recorded.begin(), recorded.end(), runs);
  // The controller last: engines whose end cannot be had now keep what they need.
  for (const char* role : {"engine", "controller"}) {
    for (const auto& [kind, path] : records(cluster)) {
      IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, cluster));
      config::LaunchRequest request;
      request.record = path;
      request.role = role;
      IPC_TRY(launcher.run("stop", request));
    }
  }
  return static_cast<int>(running);
}

void remove_controller_files(const config::ClusterName& cluster,
                             std::vector<std::string>& removed) {
  const std::string lock =
      config::cluster_file(cluster, config::pid_directory(cluster), "ipcontroller", ".lock");
  if (LockFile::holder(lock)) return;
  for (const auto kind : {config::FileKind::client, config::FileKind::engine})
    if (const std::string path = config::connection_file(cluster, kind); is_stale(path))
      remove(path, removed);
  remove(lock, removed);
}

std::vector<std::string> remove_stale_files(const config::ClusterName& cluster) {
  std::vector<std::string> removed;
  if (LockFile::holder(lock_file(cluster))) return removed;
  const auto recorded = recorded_processes(cluster);
  if (!recorded || std::any_of(recorded->begin(), recorded->end(), runs)) return removed;
  const auto state = read_state(cluster);
  if (state && state->host != host_name()) return removed;
  remove_controller_files(cluster, removed);
  for (const auto& [kind, path] : records(cluster)) remove(path, removed);
  for (const auto& path : {state_file(cluster), socket_file(cluster), lock_file(cluster)})
    remove(path, removed);
  return removed;
}

}  // namespace ipc::cluster
