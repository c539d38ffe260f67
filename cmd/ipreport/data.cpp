// SPDX-License-Identifier: BSD-3-Clause
// The report for programs.
#include "cmd/ipreport/data.hpp"

#include "cmd/ipreport/marks.hpp"
#include "libipc/cli/jobs.hpp"

namespace ipreport {

using ipc::wire::Json;

namespace {

constexpr size_t kSlowest = 20;

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

std::string time_cell(ipc::UnixMicros time) {
  return time == 0 ? "" : ipc::iso8601(time);
}

Json engine_of(const Run& run, const Task& task) {
  if (task.lane == Task::kNoLane || run.lanes[task.lane].engine < 0) return {};
  return run.lanes[task.lane].engine;
}

Json task_json(const Run& run, const Task& task) {
  Json json = {{"id", ipc::cli::job_word(task.id)}, {"name", shorten(task.name(), 200)},
               {"engine", engine_of(run, task)},    {"status", state_name(task.state)},
               {"duration", task.duration()},       {"waited", task.waited()}};
  if (!task.error.empty()) json["error"] = task.error;
  return json;
}

Json times_json(const Times& times) {
  return {{"mean", times.mean()},
          {"median", times.quantile(0.5)},
          {"p95", times.quantile(0.95)},
          {"max", times.quantile(1)},
          {"sum", times.sum}};
}

Json engines_json(const Run& run, const Summary& summary) {
  Json list = Json::array();
  for (size_t i = 0; i < run.lanes.size(); ++i) {
    const auto& lane = summary.lanes[i];
    list.push_back({{"engine", run.lanes[i].engine < 0 ? Json() : Json(run.lanes[i].engine)},
                    {"host", run.lanes[i].host},
                    {"tasks", lane.tasks},
                    {"failed", lane.failed},
                    {"busy", lane.busy},
                    {"utilisation", lane.busy / summary.seconds},
                    {"longest", lane.longest}});
  }
  return list;
}

Json failures_json(const Run& run) {
  Json list = Json::array();
  for (const auto& failure : run.failures) {
    Json tasks = Json::array();
    for (const size_t task : failure.tasks) tasks.push_back(ipc::cli::job_word(run.tasks[task].id));
    list.push_back({{"error", failure.error}, {"count", failure.count}, {"tasks", tasks}});
  }
  return list;
}

}  // namespace

std::string csv_text(const Run& run) {
  std::string text =
      "id,label,request,engine,status,submitted,started,completed,waited,duration,items,"
      "failed_items,after,error\n";
  for (const auto& task : run.tasks) {
    std::string after;
    for (const size_t before : task.after)
      after += (after.empty() ? "" : " ") + ipc::cli::job_word(run.tasks[before].id);
    const Json engine = engine_of(run, task);
    text += ipc::cli::job_word(task.id) + "," + csv_cell(task.label) + "," + csv_cell(task.type) +
            "," + (engine.is_null() ? "" : engine.dump()) + "," + state_name(task.state) + "," +
            time_cell(task.submitted) + "," + time_cell(task.started) + "," +
            time_cell(task.completed) + "," + (task.ran() ? number_text(task.waited()) : "") + "," +
            (task.ran() ? number_text(task.duration()) : "") + "," + std::to_string(task.items) +
            "," + std::to_string(task.failed_items) + "," + after + "," + csv_cell(task.error) +
            "\n";
  }
  return text;
}

std::string json_text(const Run& run, const Summary& summary) {
  Json json = {{"tasks", run.tasks.size()},
               {"ok", summary.count(State::ok)},
               {"failed", summary.count(State::error)},
               {"aborted", summary.count(State::aborted)},
               {"pending", summary.count(State::pending)},
               {"items", summary.items},
               {"failed_items", summary.failed_items},
               {"edges", run.edges},
               {"seconds", run.tasks.empty() ? 0 : summary.seconds},
               {"rate", summary.rate},
               {"utilisation", summary.utilisation},
               {"duration", times_json(summary.durations)},
               {"waited", times_json(summary.waits)},
               {"engines", engines_json(run, summary)},
               {"failures", failures_json(run)}};
  if (run.begin > 0) json["begin"] = ipc::iso8601(run.begin), json["end"] = ipc::iso8601(run.end);
  json["slowest"] = Json::array();
  for (const size_t task : slowest(run, kSlowest))
    json["slowest"].push_back(task_json(run, run.tasks[task]));
  if (run.edges > 0) {
    Json chain = Json::array();
    for (const size_t task : summary.critical)
      chain.push_back(ipc::cli::job_word(run.tasks[task].id));
    json["longest_chain"] = {{"seconds", summary.critical_seconds}, {"tasks", chain}};
  }
  return ipc::wire::dump_json(json) + "\n";
}

}  // namespace ipreport
