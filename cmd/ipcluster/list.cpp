// SPDX-License-Identifier: BSD-3-Clause
// ipcluster list and ipcluster clean: all clusters of a user, and what dead ones left.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cmd/ipcluster/leftovers.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/client/engines.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {
namespace {

namespace fs = std::filesystem;
using wire::Json;

/// Cluster ids of connection files, for controllers that were started by hand.
void add_connection_ids(const config::ClusterName& profile, std::vector<std::string>& ids) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config::security_directory(profile), error)) {
    std::string name = entry.path().filename();
    if (!name.starts_with("ipcontroller") || !name.ends_with("-client.json")) continue;
    name = name.substr(12, name.size() - 12 - 12);
    if (name.empty() || name[0] == '-') ids.push_back(name.empty() ? "" : name.substr(1));
  }
}

Json row_of(const config::ClusterName& cluster) {
  Json row = {{"profile", cluster.profile},
              {"profile_dir", cluster.profile_dir},
              {"cluster_id", cluster.cluster_id},
              {"state", "stale"},
              {"pid", nullptr},
              {"host", ""},
              {"started", ""},
              {"engines", nullptr}};
  const auto state = read_state(cluster);
  const auto holder = LockFile::holder(lock_file(cluster));
  const std::string path = config::connection_file(cluster, config::FileKind::client);
  const auto connection = net::read_connection(path);
  if (holder) {
    row["state"] = "running";
    row["pid"] = holder->pid, row["host"] = holder->host, row["started"] = holder->since;
    if (state)
      row["engines"] = std::count_if(state->engines.begin(), state->engines.end(),
                                     [](const auto& e) { return e.ready(); });
  } else if (connection && connection->controller.pid > 0) {
    const auto& c = connection->controller;
    row["pid"] = c.pid, row["host"] = c.host, row["started"] = c.started;
    if (net::check_alive(*connection, path))
      row["state"] = c.host == host_name() ? "no ipcluster" : "unknown";
  } else if (connection) {
    row["state"] = "unknown";
  }
  return row;
}

std::string row_text(const Json& row) {
  auto text = [](const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
  };
  const std::string id = text(row["cluster_id"]), host = text(row["host"]);
  char line[512];
  std::snprintf(line, sizeof line, "%-16s %-12s %-12s %-8s %-14s %-7s %s\n",
                text(row["profile"]).c_str(), id.empty() ? "-" : id.c_str(),
                text(row["state"]).c_str(), text(row["pid"]).c_str(),
                host.empty() ? "-" : host.c_str(), text(row["engines"]).c_str(),
                client::short_time(text(row["started"])).c_str());
  return line;
}

}  // namespace

std::vector<config::ClusterName> all_clusters() {
  std::vector<config::ClusterName> clusters;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config::ipython_directory(), error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("profile_") || !entry.is_directory(error)) continue;
    const config::ClusterName profile{name.substr(8), entry.path().string(), ""};
    auto ids = cluster_ids(profile);
    add_connection_ids(profile, ids);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const auto& id : ids) clusters.push_back({profile.profile, profile.profile_dir, id});
  }
  std::sort(clusters.begin(), clusters.end(), [](const auto& a, const auto& b) {
    return std::tie(a.profile, a.cluster_id) < std::tie(b.profile, b.cluster_id);
  });
  return clusters;
}

Result<int> list(const cli::Arguments& arguments) {
  std::string text;
  const auto clusters = all_clusters();
  if (!arguments.has("json") && !clusters.empty())
    text = "PROFILE          CLUSTER ID   STATE        PID      HOST           ENGINES SINCE\n";
  for (const auto& cluster : clusters) {
    const Json row = row_of(cluster);
    text += arguments.has("json") ? wire::dump_json(row) + "\n" : row_text(row);
  }
  IPC_TRY(cli::print(text));
  return 0;
}

Result<int> clean(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto named, cluster_of(arguments));
  const bool all =
      !arguments.has("profile") && !arguments.has("profile-dir") && !arguments.has("cluster-id");
  std::vector<config::ClusterName> clusters{named};
  if (all) clusters = all_clusters();
  for (const auto& cluster : clusters) {
    auto removed = remove_stale_files(cluster);
    const bool runs = LockFile::holder(lock_file(cluster)).has_value();
    std::error_code error;
    if (arguments.has("logs") && !runs && !removed.empty())
      for (const auto& entry : fs::directory_iterator(config::log_directory(cluster), error))
        if (entry.path().extension() == ".log" && fs::remove(entry.path(), error))
          removed.push_back(entry.path());
    if (arguments.has("verbose"))
      for (const auto& path : removed) IPC_TRY(cli::print("removed " + path + "\n"));
  }
  return 0;
}

}  // namespace ipc::cluster
