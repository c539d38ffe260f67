// SPDX-License-Identifier: BSD-3-Clause
// What a cluster does, as metrics in the text format of Prometheus.
#include "libipc/cli/metrics.hpp"

#include <cstdio>

namespace ipc::cli {

using client::EngineLoad;

namespace {

// As the value of a label.
std::string label_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') quoted += '\\';
    quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return quoted + "\"";
}

// Text of metrics, each with its help before its values.
class Metrics {
 public:
  explicit Metrics(std::string labels) : labels_(std::move(labels)) {}
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
             std::string(type) + "\n";
  }
  void value(double value, const std::string& more = "") {
    char number[32];
    std::snprintf(number, sizeof number, "%.15g", value);
    text_ += name_ + "{" + labels_ + more + "} " + number + "\n";
  }
  void only(std::string_view name, std::string_view type, std::string_view help, double number) {
    begin(name, type, help);
    value(number);
  }
  const std::string& text() const { return text_; }

 private:
  std::string labels_, name_, text_;
};

Metrics begin_metrics(const client::Options& options, bool up) {
  Metrics metrics("profile=" + label_text(options.profile) +
                  ",cluster=" + label_text(options.cluster_id));
  metrics.only("ipkit_up", "gauge", "Whether the controller answers.", up ? 1 : 0);
  return metrics;
}

}  // namespace

std::string no_metrics_text(const client::Options& options) {
  return begin_metrics(options, false).text();
}

std::string metrics_text(const client::EngineTable& table, const client::QueueState& state,
                         const std::vector<int>& engines, const client::Options& options) {
  Metrics metrics = begin_metrics(options, true);
  metrics.only("ipkit_engines", "gauge", "Engines that are registered.",
               static_cast<double>(engines.size()));
  metrics.only("ipkit_tasks_waiting", "gauge", "Tasks that no engine has been given.",
               static_cast<double>(state.unassigned));
  if (state.uptime)
    metrics.only("ipkit_controller_uptime_seconds", "gauge", "Time since the controller began.",
                 *state.uptime);
  if (state.rss)
    metrics.only("ipkit_controller_resident_bytes", "gauge", "Memory of the controller.",
                 static_cast<double>(*state.rss));
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    metrics.begin(name, type, help);
    for (const int id : engines) {
      const auto* info = table.find(id);
      metrics.value(static_cast<double>(value(state.engines.at(id))),
                    ",engine=\"" + std::to_string(id) +
                        "\",host=" + label_text(info == nullptr ? "" : info->host));
    }
  };
  each("ipkit_engine_busy", "gauge", "Whether the engine has work.",
       [](const EngineLoad& load) { return load.queue + load.tasks > 0 ? 1 : 0; });
  each("ipkit_engine_queue", "gauge", "Requests and tasks at the engine.",
       [](const EngineLoad& load) { return load.queue + load.tasks; });
  each("ipkit_engine_completed_total", "counter", "Requests and tasks that ended.",
       [](const EngineLoad& load) { return load.completed; });
  each("ipkit_engine_failed_total", "counter", "Requests and tasks that failed.",
       [](const EngineLoad& load) { return load.failed.value_or(0); });
  return metrics.text();
}

Result<std::string> ask_metrics(const client::Options& options, Duration limit) {
  const TimePoint deadline = Clock::now() + limit;
  client::Options ours = options;
  ours.patience = limit;
  ours.direct = ours.outlast = false;
  IPC_TRY_ASSIGN(const auto connection, client::Connection::open(std::move(ours)));
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection->engines());
  IPC_TRY_ASSIGN(const auto state, client::queue_state(*connection, deadline));
  std::vector<int> engines;
  for (const int id : table->ids())
    if (state.engines.contains(id)) engines.push_back(id);
  return metrics_text(*table, state, engines, options);
}

}  // namespace ipc::cli
