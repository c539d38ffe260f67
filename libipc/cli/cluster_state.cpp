// SPDX-License-Identifier: BSD-3-Clause
// What the ipcluster of a cluster has written down about it.
#include "libipc/cli/cluster_state.hpp"

#include <filesystem>

#include "libipc/config/paths.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"

namespace ipc::cli {
namespace {

// security/ipcontroller[-ID]-client.json of a profile directory.
std::optional<config::ClusterName> cluster_of(const std::string& connection_file) {
  const auto path = std::filesystem::path(connection_file).lexically_normal();
  std::string name = path.filename();
  const std::string begin = "ipcontroller", end = "-client.json";
  if (!name.starts_with(begin) || !name.ends_with(end)) return {};
  if (path.parent_path().filename() != "security") return {};
  name = name.substr(begin.size(), name.size() - begin.size() - end.size());
  config::ClusterName cluster;
  cluster.profile_dir = path.parent_path().parent_path();
  cluster.cluster_id = name.empty() ? "" : name.substr(1);
  return cluster;
}

}  // namespace

std::optional<wire::Json> cluster_state(const std::string& connection_file) {
  const auto cluster = cluster_of(connection_file);
  if (!cluster) return {};
  const auto text = read_file(
      config::cluster_file(*cluster, config::pid_directory(*cluster), "ipcluster", ".json"),
      16 << 20);
  if (!text) return {};
  auto json = wire::parse_json(*text);
  if (!json || !json->is_object()) return {};
  return *std::move(json);
}

wire::Json elastic_state(const std::string& connection_file) {
  const auto state = cluster_state(connection_file);
  if (!state) return nullptr;
  const auto ticks = static_cast<unsigned long long>(wire::int_or(*state, "start_ticks", 0));
  const auto pid = static_cast<pid_t>(wire::int_or(*state, "pid", 0));
  const bool is_here = wire::string_or(*state, "host") == host_name();
  if (is_here && (ticks == 0 || process_start_ticks(pid) != ticks)) return nullptr;
  wire::Json elastic = state->value("elastic", wire::Json());
  return elastic.is_object() ? elastic : wire::Json();
}

}  // namespace ipc::cli
