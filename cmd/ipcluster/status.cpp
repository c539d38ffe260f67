// SPDX-License-Identifier: BSD-3-Clause
// ipcluster status: what runs, from the supervisor's file and from the hub.
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cmd/ipcluster/leftovers.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/process.hpp"

namespace ipc::cluster {
namespace {

using wire::Json;

/// Everything known about a cluster, whoever started its parts.
struct View {
  config::ClusterName cluster;
  std::optional<State> state;          ///< of an ipcluster that runs, or did
  net::ControllerIdentity controller;  ///< pid 0: none that answers
  std::string trouble;                 ///< why the hub does not answer
  std::optional<client::EngineTable> table;
};

void ask_hub(View& view) {
  client::Options options;
  options.path = config::connection_file(view.cluster, config::FileKind::client);
  options.profile = view.cluster.profile;
  options.cluster_id = view.cluster.cluster_id;
  options.direct = false;
  options.outlast = false;
  options.patience = seconds(5);
  const auto hub = client::Connection::open(std::move(options));
  if (!hub) {
    view.trouble = hub.error().text();
    return;
  }
  view.controller = (*hub)->file().controller;
  if (const auto table = (*hub)->engines())
    view.table = **table;
  else
    view.trouble = table.error().text();
}

Json engine_json(int id, pid_t pid, const std::string& host, const std::string& state) {
  return {{"id", id < 0 ? Json() : Json(id)}, {"pid", pid}, {"host", host}, {"state", state}};
}

/// True if its launcher knows of its end; the hub may not yet.
bool has_ended(const View& view, const client::EngineInfo& engine) {
  const auto is_it = [&](const Process& process) {
    return process.ended() && process.launched.pid == engine.pid &&
           process.launched.host == engine.host;
  };
  return view.state && std::any_of(view.state->engines.begin(), view.state->engines.end(), is_it);
}

/// Registered engines by id, then ours that are not registered.
Json engines_json(const View& view) {
  Json engines = Json::array();
  std::set<int> leaving;
  if (view.state)
    for (const auto& process : view.state->engines)
      if (process.leaving()) leaving.insert(process.engine);
  if (view.table)
    for (const auto& [id, engine] : view.table->engines)
      if (!has_ended(view, engine))
        engines.push_back(
            engine_json(id, engine.pid, engine.host, leaving.contains(id) ? "leaving" : "ready"));
  if (!view.state) return engines;
  for (const auto& process : view.state->engines) {
    const auto& launched = process.launched;
    const bool listed = std::any_of(engines.begin(), engines.end(), [&](const Json& engine) {
      return engine["pid"] == launched.pid && engine["host"] == launched.host;
    });
    if ((listed && launched.pid != 0) || launched.why == "removed") continue;
    const bool lost = process.ready() && view.table;
    Json engine = engine_json(process.engine, launched.pid, launched.host,
                              lost ? "unregistered" : launched.state);
    if (!launched.why.empty()) engine["why"] = launched.why;
    if (!launched.log.empty()) engine["log"] = launched.log;
    engines.push_back(std::move(engine));
  }
  return engines;
}

/// What an elastic cluster has, may have, and why it changed last.
Json elastic_json(const View& view, const Json& engines) {
  const auto& elastic = *view.state->elastic;
  int ready = 0, requested = 0;
  for (const auto& engine : engines) {
    ready += engine["state"] == "ready";
    requested += engine["state"] == "starting";
  }
  return {{"min", elastic.min},
          {"max", elastic.max},
          {"idle_timeout", std::chrono::duration<double>(elastic.idle_timeout).count()},
          {"ready", ready},
          {"requested", requested},
          {"why", elastic.why},
          {"when", elastic.when},
          {"trouble", elastic.trouble},
          {"again", elastic.again}};
}

Json view_json(const View& view) {
  Json json = {{"profile", view.cluster.profile},
               {"profile_dir", view.cluster.profile_dir},
               {"cluster_id", view.cluster.cluster_id},
               {"controller", nullptr},
               {"ipcluster", nullptr},
               {"engines", engines_json(view)}};
  if (view.table || view.controller.pid)
    json["controller"] = {{"pid", view.controller.pid},
                          {"host", view.controller.host},
                          {"started", view.controller.started},
                          {"state", view.table ? "ready" : "silent"}};
  if (view.state && view.state->is_running())
    json["ipcluster"] = {
        {"pid", view.state->pid}, {"host", view.state->host}, {"started", view.state->started}};
  if (view.state && view.state->restarts > 0 && !json["controller"].is_null())
    json["controller"]["restarts"] = {{"count", view.state->restarts},
                                      {"why", view.state->restart_why},
                                      {"when", view.state->restart_when}};
  if (view.state && view.state->elastic && view.state->is_running())
    json["elastic"] = elastic_json(view, json["engines"]);
  if (!view.trouble.empty()) json["trouble"] = view.trouble;
  return json;
}

std::string elastic_text(const Json& elastic) {
  const auto text = [&](const char* key) { return elastic[key].get<std::string>(); };
  std::string lines = "elastic     " + elastic["ready"].dump() + " of " + elastic["min"].dump() +
                      "-" + elastic["max"].dump() + " engines, " + elastic["requested"].dump() +
                      " requested\n";
  if (!text("why").empty())
    lines += "            " + client::short_time(text("when")) + " " + text("why") + "\n";
  if (!text("trouble").empty())
    lines += "            none comes: " + text("trouble") +
             (text("again").empty() ? "" : "; again at " + client::short_time(text("again"))) +
             "\n";
  return lines;
}

std::string since(const std::string& started) {
  return started.empty() ? "" : " since " + client::short_time(started);
}

std::string restarts_text(const Json& controller) {
  const auto found = controller.find("restarts");
  if (found == controller.end()) return "";
  return "            restarts: " + (*found)["count"].dump() + ", the last at " +
         client::short_time((*found)["when"].get<std::string>()) + ": " +
         (*found)["why"].get<std::string>() + "\n";
}

std::string view_text(const View& view, const Json& json) {
  std::string text = view.cluster.text() + "\n";
  if (const auto& c = json["controller"]; !c.is_null())
    text += "controller  pid " + std::to_string(view.controller.pid) + " on " +
            view.controller.host + since(view.controller.started) +
            (view.table ? "" : ", does not answer") + "\n" + restarts_text(c);
  else
    text += "controller  none\n";
  if (view.state && view.state->is_running())
    text +=
        "ipcluster   pid " + std::to_string(view.state->pid) + since(view.state->started) + "\n";
  if (json.contains("elastic")) text += elastic_text(json["elastic"]);
  for (const auto& engine : json["engines"]) {
    const std::string id = engine["id"].is_null() ? "-" : engine["id"].dump();
    text += "engine " + id + std::string(id.size() < 5 ? 5 - id.size() : 1, ' ');
    if (engine["pid"] != 0)
      text += "pid " + engine["pid"].dump() + " on " + engine["host"].get<std::string>() + "  ";
    text += engine["state"].get<std::string>();
    if (engine.contains("why")) text += ": " + engine["why"].get<std::string>();
    text += "\n";
  }
  return text;
}

}  // namespace

Result<int> status(const cli::Arguments& arguments) {
  View view;
  IPC_TRY_ASSIGN(view.cluster, cluster_of(arguments));
  view.state = read_state(view.cluster);
  ask_hub(view);
  const Json json = view_json(view);
  const bool anything = !json["controller"].is_null() || !json["ipcluster"].is_null();
  if (arguments.has("json")) IPC_TRY(cli::print(wire::dump_json(json) + "\n"));
  if (!anything) return Error{Code::no_controller, view.trouble, ""};
  if (!arguments.has("json")) IPC_TRY(cli::print(view_text(view, json)));
  return 0;
}

}  // namespace ipc::cluster
