// SPDX-License-Identifier: BSD-3-Clause
// What a running cluster leaves on disk for the other verbs.
#include "cmd/ipcluster/state.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {
namespace {

namespace fs = std::filesystem;
using wire::Json;

std::string in_pid_directory(const config::ClusterName& cluster, const std::string& suffix) {
  return config::cluster_file(cluster, config::pid_directory(cluster), "ipcluster", suffix);
}

Json process_json(const Process& process) {
  const auto& launched = process.launched;
  return {{"launcher", process.launcher}, {"id", launched.id},     {"role", launched.role},
          {"pid", launched.pid},          {"host", launched.host}, {"log", launched.log},
          {"state", launched.state},      {"why", launched.why},   {"engine", process.engine}};
}

Process parse_process(const Json& json) {
  Process process;
  process.launcher = wire::string_or(json, "launcher");
  process.engine = static_cast<int>(wire::int_or(json, "engine", -1));
  process.launched.id = wire::string_or(json, "id");
  process.launched.role = wire::string_or(json, "role");
  process.launched.pid = static_cast<pid_t>(wire::int_or(json, "pid", 0));
  process.launched.host = wire::string_or(json, "host");
  process.launched.log = wire::string_or(json, "log");
  process.launched.state = wire::string_or(json, "state");
  process.launched.why = wire::string_or(json, "why");
  return process;
}

Json elastic_json(const State::Elastic& elastic) {
  return {{"min", elastic.min},
          {"max", elastic.max},
          {"idle_timeout", std::chrono::duration<double>(elastic.idle_timeout).count()},
          {"why", elastic.why},
          {"when", elastic.when},
          {"trouble", elastic.trouble},
          {"again", elastic.again}};
}

State::Elastic parse_elastic(const Json& json) {
  State::Elastic elastic;
  elastic.min = static_cast<int>(wire::int_or(json, "min", 0));
  elastic.max = static_cast<int>(wire::int_or(json, "max", 0));
  elastic.idle_timeout = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(wire::number_or(json, "idle_timeout", 0)));
  elastic.why = wire::string_or(json, "why");
  elastic.when = wire::string_or(json, "when");
  elastic.trouble = wire::string_or(json, "trouble");
  elastic.again = wire::string_or(json, "again");
  return elastic;
}

}  // namespace

void Process::learn(const config::Launched& now) {
  // Where one runs that has registered it has said itself.
  const bool said = ready() || leaving();
  if (now.state == "ended") launched.state = now.state;
  queued = now.state == "pending";
  launched.why = now.why;
  if (!said && !now.host.empty()) launched.host = now.host;
  if (!said && now.pid) launched.pid = now.pid;
  if (ended() && launched.why.empty()) launched.why = "it ended";
}

std::string state_file(const config::ClusterName& c) {
  return in_pid_directory(c, ".json");
}
std::string lock_file(const config::ClusterName& c) {
  return in_pid_directory(c, ".lock");
}
std::string socket_file(const config::ClusterName& c) {
  return in_pid_directory(c, ".sock");
}

std::string log_file(const config::ClusterName& cluster) {
  return config::cluster_file(cluster, config::log_directory(cluster), "ipcluster", ".log");
}

std::string record_file(const config::ClusterName& cluster, const std::string& kind) {
  return in_pid_directory(cluster, "." + kind + ".launched");
}

std::vector<std::pair<std::string, std::string>> records(const config::ClusterName& cluster) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::string prefix = fs::path(in_pid_directory(cluster, ".")).filename();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config::pid_directory(cluster), error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix) || !name.ends_with(".launched")) continue;
    const std::string kind = name.substr(prefix.size(), name.size() - prefix.size() - 9);
    // A dot means the file of another cluster, whose id goes on after ours.
    if (!kind.empty() && kind.find('.') == std::string::npos)
      found.emplace_back(kind, entry.path().string());
  }
  return found;
}

std::vector<std::string> cluster_ids(const config::ClusterName& cluster) {
  std::set<std::string> ids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config::pid_directory(cluster), error)) {
    std::string name = entry.path().filename();
    if (!name.starts_with("ipcluster")) continue;
    name.erase(0, 9);
    for (const std::string suffix : {".json", ".lock", ".sock", ".launched"}) {
      if (!name.ends_with(suffix)) continue;
      name.erase(name.size() - suffix.size());
      if (suffix == ".launched") name.erase(std::min(name.rfind('.'), name.size()));
      if (name.empty())
        ids.insert("");
      else if (name[0] == '-')
        ids.insert(name.substr(1));
      break;
    }
  }
  return {ids.begin(), ids.end()};
}

bool State::is_running() const {
  return pid > 0 && start_ticks != 0 && host == host_name() && boot_id == ipc::boot_id() &&
         process_start_ticks(pid) == start_ticks;
}

Status write_state(const State& state) {
  Json json = {{"version", IPKIT_VERSION},
               {"pid", state.pid},
               {"start_ticks", state.start_ticks},
               {"host", state.host},
               {"boot_id", state.boot_id},
               {"started", state.started},
               {"directory", state.directory},
               {"profile_dir", state.cluster.profile_dir},
               {"cluster_id", state.cluster.cluster_id},
               {"engines", Json::array()}};
  if (state.controller) json["controller"] = process_json(*state.controller);
  for (const auto& engine : state.engines) json["engines"].push_back(process_json(engine));
  if (state.restarts > 0)
    json["restarts"] = {{"count", state.restarts},
                        {"why", state.restart_why},
                        {"when", state.restart_when}};
  if (state.elastic) json["elastic"] = elastic_json(*state.elastic);
  // For ipwait: what a percentage of the engines is of.
  json["asked"] = std::count_if(state.engines.begin(), state.engines.end(), [&](const Process& p) {
    return p.launched.why != "removed" && !(state.elastic && p.ended());
  });
  return write_file_atomically(state_file(state.cluster), wire::dump_json(json) + "\n");
}

std::optional<State> read_state(const config::ClusterName& cluster) {
  const auto text = read_file(state_file(cluster), 16 << 20);
  if (!text) return std::nullopt;
  const auto json = wire::parse_json(*text);
  if (!json || !json->is_object()) return std::nullopt;
  State state;
  state.cluster = cluster;
  state.pid = static_cast<pid_t>(wire::int_or(*json, "pid", 0));
  state.start_ticks = static_cast<unsigned long long>(wire::int_or(*json, "start_ticks", 0));
  state.host = wire::string_or(*json, "host");
  state.boot_id = wire::string_or(*json, "boot_id");
  state.started = wire::string_or(*json, "started");
  state.directory = wire::string_or(*json, "directory");
  if (json->contains("controller")) state.controller = parse_process((*json)["controller"]);
  if (json->contains("engines") && (*json)["engines"].is_array())
    for (const auto& engine : (*json)["engines"]) state.engines.push_back(parse_process(engine));
  if (const auto restarts = json->find("restarts"); restarts != json->end()) {
    state.restarts = static_cast<unsigned>(wire::int_or(*restarts, "count", 0));
    state.restart_why = wire::string_or(*restarts, "why");
    state.restart_when = wire::string_or(*restarts, "when");
  }
  if (json->contains("elastic")) state.elastic = parse_elastic((*json)["elastic"]);
  return state;
}

}  // namespace ipc::cluster
