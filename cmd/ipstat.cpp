// SPDX-License-Identifier: BSD-3-Clause
// ipstat: queues and load, engine by engine.
#include <unistd.h>

#include <cmath>

#include "libipc/cli/cluster_state.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/metrics.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/client/jobs.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;
using ipc::client::EngineLoad;
using ipc::client::QueueState;
using ipc::wire::Json;

Command command() {
  Command c;
  c.name = "ipstat";
  c.synopsis = {"[-t SET] [-q | --json | --prometheus]"};
  c.summary = "Prints what each engine has to do and has done, and what the controller holds.";
  c.examples = {
      {"ipstat", "a table, and a line about the controller"},
      {"ipstat -q", "three numbers: waiting, running and finished"},
      {"ipstat --json | jq 'select(.engine).queue'", "one object for each engine"},
      {"ipstat --prometheus > ipkit.prom", "for the textfile collector of node_exporter"},
  };
  c.options = {
      {'q', "quiet", "", "three numbers only: unassigned tasks, work on engines, completed"},
      {0, "prometheus", "", "metrics in the text format of Prometheus"}};
  c.common = kCluster | kTargets | kJson;
  return c;
}

std::string bytes_text(int64_t bytes) {
  constexpr double kMega = 1e6;
  const auto tenths = std::llround(static_cast<double>(bytes) / kMega * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

std::string uptime_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e10) return "?";
  const auto whole = static_cast<long long>(seconds);
  const auto days = whole / 86400, hours = whole / 3600 % 24, minutes = whole / 60 % 60;
  if (days > 0) return std::to_string(days) + "d " + std::to_string(hours) + "h";
  if (hours > 0) return std::to_string(hours) + "h " + std::to_string(minutes) + "m";
  if (minutes > 0) return std::to_string(minutes) + "m " + std::to_string(whole % 60) + "s";
  return std::to_string(whole) + "s";
}

std::string controller_line(const Connection& connection, const QueueState& state) {
  std::string text = connection.controller();
  const auto& started = connection.file().controller.started;
  if (state.uptime)
    text += ", up " + uptime_text(*state.uptime);
  else if (!started.empty())
    text += ", since " + ipc::client::short_time(started);
  if (state.rss) text += ", " + bytes_text(*state.rss);
  return text + ", unassigned tasks: " + std::to_string(state.unassigned) + "\n";
}

/// Where engines come and go by themselves: within which limits, and why they last did or do not.
std::string elastic_line(const Json& elastic) {
  if (elastic.is_null()) return "";
  const auto text = [&](const char* key) { return ipc::wire::string_or(elastic, key); };
  std::string line = "elastic, " + std::to_string(ipc::wire::int_or(elastic, "min", 0)) + "-" +
                     std::to_string(ipc::wire::int_or(elastic, "max", 0)) + " engines";
  if (!text("why").empty())
    line += "; " + ipc::client::short_time(text("when")) + " " + text("why");
  if (!text("trouble").empty()) line += "; none comes: " + text("trouble");
  return line + "\n";
}

std::string table_text(const QueueState& state, const std::vector<int>& engines) {
  std::vector<std::vector<std::string>> rows = {
      {"id", "state", "queue", "tasks", "completed", "failed"}};
  for (const int id : engines) {
    const EngineLoad& load = state.engines.at(id);
    rows.push_back({std::to_string(id), load.state, std::to_string(load.queue),
                    std::to_string(load.tasks), std::to_string(load.completed),
                    load.failed ? std::to_string(*load.failed) : ""});
  }
  return format_table(rows, {0, 2, 3, 4, 5});
}

std::string json_text(const Connection& connection, const QueueState& state,
                      const std::vector<int>& engines, const Json& elastic) {
  const auto& identity = connection.file().controller;
  Json controller = {{"unassigned", state.unassigned}, {"engines", state.engines.size()}};
  if (identity.pid > 0)
    controller.update({{"pid", identity.pid},
                       {"host", identity.host},
                       {"started", identity.started},
                       {"version", identity.version}});
  if (state.uptime) controller["uptime"] = *state.uptime;
  if (state.rss) controller["rss"] = *state.rss;
  if (!elastic.is_null()) controller["elastic"] = elastic;
  std::string text = ipc::wire::dump_json({{"controller", controller}}) + "\n";
  for (const int id : engines) {
    const EngineLoad& load = state.engines.at(id);
    Json row = {{"engine", id},
                {"queue", load.queue},
                {"tasks", load.tasks},
                {"completed", load.completed}};
    if (load.failed) row["failed"] = *load.failed;
    if (!load.state.empty()) row["state"] = load.state;
    text += ipc::wire::dump_json(row) + "\n";
  }
  return text;
}

std::string numbers_text(const QueueState& state, const std::vector<int>& engines) {
  int64_t on_engines = 0, completed = 0;
  for (const int id : engines) {
    const EngineLoad& load = state.engines.at(id);
    on_engines += load.queue + load.tasks;
    completed += load.completed;
  }
  return std::to_string(state.unassigned) + " " + std::to_string(on_engines) + " " +
         std::to_string(completed) + "\n";
}

ipc::Status check(const Arguments& arguments) {
  if (!arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "'" + arguments.operands[0] + "' is too much",
                      "engines are chosen by -t"};
  if (arguments.has("prometheus") && (arguments.has("json") || arguments.has("quiet")))
    return ipc::Error{ipc::Code::usage, "one of -q, --json and --prometheus", ""};
  return {};
}

ipc::Result<int> show(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection->engines());
  std::vector<int> engines;
  if (!table->engines.empty() || arguments.has("targets")) {
    IPC_TRY_ASSIGN(engines, choose_engines(*connection, arguments));
  }
  IPC_TRY_ASSIGN(const QueueState state, queue_state(*connection));
  IPC_TRY_ASSIGN(const auto options, connection_options(arguments));
  const Json elastic = elastic_state(options.path);
  Writer out(STDOUT_FILENO);
  if (arguments.has("prometheus"))
    out.write(metrics_text(*table, state, engines, options));
  else if (arguments.has("json"))
    out.write(json_text(*connection, state, engines, elastic));
  else if (arguments.has("quiet"))
    out.write(numbers_text(state, engines));
  else
    out.write((engines.empty() ? "" : table_text(state, engines)) +
              controller_line(*connection, state) + elastic_line(elastic));
  out.flush();
  IPC_TRY(out.status());
  return 0;
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY(check(arguments));
  const auto status = show(arguments);
  if (status || !arguments.has("prometheus") ||
      (status.error().code != ipc::Code::no_controller &&
       status.error().code != ipc::Code::refused))
    return status;
  // Whoever collects metrics wants to hear of that, too.
  IPC_TRY_ASSIGN(const auto options, connection_options(arguments));
  IPC_TRY(print(no_metrics_text(options)));
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
