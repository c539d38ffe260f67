// SPDX-License-Identifier: BSD-3-Clause
// The report as a page and as one drawing.
#include "cmd/ipreport/page.hpp"

#include <algorithm>

#include "cmd/ipreport/charts.hpp"
#include "cmd/ipreport/style.hpp"
#include "libipc/cli/jobs.hpp"

namespace ipreport {

namespace {

constexpr size_t kSlowest = 20;
constexpr size_t kFailures = 40;
constexpr size_t kEnginesListed = 200;
constexpr size_t kLevelsListed = 60;
constexpr double kWidestGraph = 1400;  // that is made to fit
constexpr double kBlownUp = 1.25;      // at most

std::string plural(std::uint64_t count, const std::string& what) {
  return count_text(count) + " " + what + (count == 1 ? "" : "s");
}

std::string figure(const Chart& chart, const std::string& label, bool fits) {
  std::string size = "viewBox=\"0 0 " + place(chart.width) + " " + place(chart.height) + "\"";
  if (!fits)
    size += " width=\"" + place(chart.width) + "\" height=\"" + place(chart.height) + "\"";
  else
    size += " style=\"max-width:" + place(chart.width * kBlownUp) + "px\"";
  return std::string("<div class=\"wide") + (fits ? " fit" : "") +
         "\" tabindex=\"0\" role=\"group\" aria-label=\"" + escape(label) + "\">\n<svg " + size +
         " role=\"img\" aria-label=\"" + escape(label) + "\">\n" + chart.body + "</svg>\n</div>\n";
}

std::string tile(const std::string& name, const std::string& value, const std::string& remark = "",
                 bool bad = false) {
  return "<div><dt>" + escape(name) + "</dt><dd" + (bad ? " class=\"bad\"" : "") + ">" +
         escape(value) + (remark.empty() ? "" : "<small>" + escape(remark) + "</small>") +
         "</dd></div>\n";
}

std::string tiles(const Run& run, const Summary& summary) {
  std::string states = count_text(summary.count(State::ok)) + " ok";
  for (const State state : {State::aborted, State::pending})
    if (summary.count(state) > 0)
      states += ", " + count_text(summary.count(state)) + " " + state_name(state);
  const auto failed = summary.count(State::error);
  std::string text =
      "<dl>\n" + tile("tasks", count_text(run.tasks.size()), states) +
      tile("failed", count_text(failed), plural(run.failures.size(), "kind"), failed > 0);
  if (summary.has_maps)
    text += tile("items", count_text(summary.items), count_text(summary.failed_items) + " failed",
                 summary.failed_items > 0);
  text += tile("engines", count_text(run.lanes.size()), "with a task") +
          tile("took", time_text(summary.seconds), rate_text(summary.rate) + " tasks/s") +
          tile("engines busy", percent_text(summary.utilisation),
               time_text(summary.durations.sum) + " of work") +
          tile("a task ran", time_text(summary.durations.quantile(0.5)),
               "95% ≤ " + time_text(summary.durations.quantile(0.95))) +
          tile("it waited", time_text(summary.waits.quantile(0.5)),
               "95% ≤ " + time_text(summary.waits.quantile(0.95)));
  if (run.edges > 0)
    text += tile("longest chain", time_text(summary.critical_seconds),
                 plural(summary.critical.size(), "task"));
  return text + "</dl>\n";
}

std::string section(const std::string& id, const std::string& title, const std::string& inside) {
  if (inside.empty()) return "";
  return "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-title\">\n<h2 id=\"" + id +
         "-title\">" + escape(title) + "</h2>\n" + inside + "</section>\n";
}

std::string note(const std::string& text) {
  return "<p class=\"note\">" + text + "</p>\n";
}

std::string head_row(std::initializer_list<std::pair<const char*, bool>> columns) {
  std::string text = "<thead><tr>";
  for (const auto& [name, number] : columns)
    text += std::string("<th scope=\"col\"") + (number ? " class=\"n\"" : "") +
            "><button type=\"button\">" + name + "</button></th>";
  return text + "</tr></thead>\n<tbody>\n";
}

std::string cell(const std::string& text, const std::string& css = "") {
  return "<td" + (css.empty() ? "" : " class=\"" + css + "\"") + ">" + escape(text) + "</td>";
}

std::string number_cell(double value, const std::string& text) {
  return "<td class=\"n\" data-v=\"" + number_text(value) + "\">" + escape(text) + "</td>";
}

std::string count_cell(std::uint64_t count) {
  return number_cell(static_cast<double>(count), count_text(count));
}

std::string lane_name(const Run& run, const Task& task) {
  return task.lane == Task::kNoLane ? "–" : run.lanes[task.lane].name;
}

std::string slowest_table(const Run& run) {
  const auto tasks = slowest(run, kSlowest);
  if (tasks.empty()) return "";
  std::string text =
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"slowest tasks\">"
      "<table>" +
      head_row({{"task", false},
                {"engine", true},
                {"ran", true},
                {"waited", true},
                {"state", false},
                {"job", false}});
  for (const size_t index : tasks) {
    const Task& task = run.tasks[index];
    text += "<tr>" + cell(shorten(task.name(), 80)) + cell(lane_name(run, task), "n") +
            number_cell(task.duration(), time_text(task.duration())) +
            number_cell(task.waited(), time_text(task.waited())) +
            cell(task.failed_items > 0 ? "items failed" : state_name(task.state), class_of(task)) +
            "<td><code>" + escape(ipc::cli::job_word(task.id)) + "</code></td></tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string failure_row(const Run& run, const Failure& failure) {
  std::string tasks, words;
  for (const size_t index : failure.tasks) {
    const Task& task = run.tasks[index];
    tasks += escape(shorten(task.name(), 40));
    if (task.lane != Task::kNoLane)
      tasks += " <span class=\"note\">(engine " + escape(lane_name(run, task)) + ")</span>";
    tasks += "<br>";
    words += escape(ipc::cli::job_word(task.id)) + "\n";
  }
  if (failure.count > failure.tasks.size())
    tasks += "<span class=\"note\">" + count_text(failure.count) + " in all</span>";
  return "<tr>" + count_cell(failure.count) + "<td><strong>" + escape(shorten(failure.error, 300)) +
         "</strong><details><summary>traceback and job words</summary><pre tabindex=\"0\">" +
         escape(failure.traceback) + (failure.traceback.empty() ? "" : "\n\n") + words +
         "</pre></details></td><td>" + tasks + "</td></tr>\n";
}

std::string failures_table(const Run& run) {
  if (run.failures.empty()) return "";
  std::string text =
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"failures\">"
      "<table>" +
      head_row({{"times", true}, {"error", false}, {"tasks", false}});
  for (size_t i = 0; i < std::min(run.failures.size(), kFailures); ++i)
    text += failure_row(run, run.failures[i]);
  text += "</tbody></table></div>\n";
  if (run.failures.size() > kFailures)
    text += note("and " + plural(run.failures.size() - kFailures, "kind") +
                 " of failure more: <code>iphistory --failed</code> has them all.");
  return text;
}

std::string engines_table(const Run& run, const Summary& summary) {
  if (run.lanes.empty()) return "";
  std::string text =
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"engines\">"
      "<table>" +
      head_row({{"engine", true},
                {"host", false},
                {"tasks", true},
                {"failed", true},
                {"busy", true},
                {"share", true},
                {"longest", true}});
  const size_t shown = std::min(run.lanes.size(), kEnginesListed);
  for (size_t i = 0; i < shown; ++i) {
    const auto& lane = summary.lanes[i];
    text += "<tr>" + number_cell(run.lanes[i].engine, run.lanes[i].name) + cell(run.lanes[i].host) +
            count_cell(lane.tasks) + count_cell(lane.failed) +
            number_cell(lane.busy, time_text(lane.busy)) +
            number_cell(lane.busy / summary.seconds, percent_text(lane.busy / summary.seconds)) +
            number_cell(lane.longest, time_text(lane.longest)) + "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  if (shown < run.lanes.size())
    text += note("The first " + count_text(shown) + " of " + count_text(run.lanes.size()) +
                 "; <code>ipreport --json</code> has all.");
  return text;
}

std::string graph_section(const Run& run, const Summary& summary) {
  if (run.edges == 0) return "";
  const Chart chart = graph_chart(run, summary);
  const std::string about =
      note(plural(run.edges, "edge") + "; the longest chain takes " +
           time_text(summary.critical_seconds) + " of " + time_text(summary.seconds) +
           (chart.empty() ? "." : " and is drawn thick.") +
           (chart.width > kWidestGraph ? " Scroll sideways for the rest." : ""));
  if (!chart.empty())
    return about + figure(chart, "graph of " + plural(run.tasks.size(), "task"),
                          chart.width <= kWidestGraph);
  std::string text = about + note("Too much to be drawn; level by level:") + "<table>" +
                     head_row({{"level", true}, {"tasks", true}, {"failed", true}, {"work", true}});
  const auto levels = levels_of(run);
  for (size_t i = 0; i < std::min(levels.size(), kLevelsListed); ++i)
    text += "<tr>" + count_cell(i) + count_cell(levels[i].tasks) + count_cell(levels[i].failed) +
            number_cell(levels[i].seconds, time_text(levels[i].seconds)) + "</tr>\n";
  text += "</tbody></table>\n";
  if (levels.size() > kLevelsListed) text += note(plural(levels.size(), "level") + " in all.");
  return text;
}

std::string timeline_section(const Run& run) {
  const Chart chart = timeline_chart(run);
  if (chart.empty()) return note("None of these tasks has run.");
  const bool each = draws_each_task(run);
  std::string keys = each
                         ? "A mark for each task. Arrow keys go from task to task, Home and End to "
                           "the first and last; so does a click."
                         : "Too many tasks to draw each: the darker, the busier; red where one "
                           "failed.";
  keys += "<span class=\"key ok\"></span>ok<span class=\"key error\"></span>failed";
  if (each) keys += "<span class=\"key aborted\"></span>cancelled";
  return note(keys) + figure(chart, "timeline of the engines", true) +
         (each ? "<output aria-live=\"polite\"></output>\n" : "");
}

std::string histograms(const Summary& summary) {
  if (summary.durations.sorted.empty()) return "";
  return "<div class=\"pair\">\n" +
         figure(histogram_chart(summary.durations, "tasks by how long they ran"),
                "how long tasks ran", true) +
         (summary.waits.sorted.empty()
              ? ""
              : figure(histogram_chart(summary.waits, "tasks by how long they waited to begin"),
                       "how long tasks waited", true)) +
         "</div>\n";
}

// `2026-11-30 14:32:05`
std::string moment(ipc::UnixMicros time) {
  std::string text = ipc::iso8601(time).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string heading(const Run& run, const std::string& where) {
  return "<header>\n<h1>" + plural(run.tasks.size(), "task") + "</h1>\n" +
         (run.begin > 0
              ? note(escape(moment(run.begin) + " to " + moment(run.end) + " UTC, " + where))
              : note(escape(where)));
}

constexpr const char* kBegin =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n";

}  // namespace

std::string page_text(const Run& run, const Summary& summary, const std::string& where) {
  const std::vector<std::array<std::string, 3>> sections = {
      {"failures", "What failed", failures_table(run)},
      {"timeline", "Engines over time", timeline_section(run)},
      {"load", "Load",
       run.lanes.empty() ? "" : figure(load_chart(run), "busy engines, waiting tasks", true)},
      {"graph", "What came after what", graph_section(run, summary)},
      {"times", "How long tasks ran and waited", histograms(summary)},
      {"slowest", "Slowest tasks", slowest_table(run)},
      {"engines", "Engines", engines_table(run, summary)},
  };
  std::string text = kBegin;
  text += "<title>" + plural(run.tasks.size(), "task") + " – ipreport</title>\n<style>" +
          kChartStyle + kPageStyle + "</style>\n</head>\n<body>\n" +
          "<a class=\"skip\" href=\"#content\">to the report</a>\n" + heading(run, where) +
          tiles(run, summary) + "</header>\n<nav aria-label=\"sections\"><ul>\n";
  for (const auto& [id, title, inside] : sections)
    if (!inside.empty()) text += "<li><a href=\"#" + id + "\">" + escape(title) + "</a></li>\n";
  text += "</ul></nav>\n<main id=\"content\">\n";
  for (const auto& [id, title, inside] : sections) text += section(id, title, inside);
  return text +
         "<footer>Times are those of the machines that ran the tasks. Made by ipreport (ipkit) " +
         IPKIT_VERSION + ".</footer>\n</main>\n<script>" + kScript +
         "</script>\n</body>\n</html>\n";
}

std::string svg_text(const Run& run, const Summary& summary, const std::string& where) {
  const Chart whole = stacked({
      {plural(run.tasks.size(), "task") + ", " + time_text(summary.seconds) + ", " +
           percent_text(summary.utilisation) + " busy, " + count_text(summary.count(State::error)) +
           " failed; " + where,
       timeline_chart(run)},
      {"Load", load_chart(run)},
      {"What came after what", graph_chart(run, summary)},
      {"How long tasks ran", histogram_chart(summary.durations, "")},
      {"How long they waited", histogram_chart(summary.waits, "")},
  });
  const double width = std::max(whole.width + 16, 400.0), height = std::max(whole.height, 40.0);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + place(width) + " " +
         place(height) + "\" width=\"" + place(width) + "\" height=\"" + place(height) +
         "\">\n<title>" + plural(run.tasks.size(), "task") + "</title>\n<style>" + kChartStyle +
         "</style>\n" + "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n" + whole.body +
         "</svg>\n";
}

}  // namespace ipreport
