// SPDX-License-Identifier: BSD-3-Clause
// Engines over time: a mark for each task, or, of many, how busy engines were.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cmd/ipreport/charts.hpp"

namespace ipreport {

namespace {

constexpr size_t kBins = 230;
constexpr int kShades = 5;
constexpr double kThinnest = 1;  // of a mark, so that it is seen

double row_height(size_t rows) {
  return rows <= 16 ? 24 : rows <= 32 ? 16 : 12;
}

double at(const Run& run, ipc::UnixMicros time) {
  return kAxisLeft + kAxisLength * static_cast<double>(time - run.begin) / 1e6 / run.seconds();
}

/// Engines of one row.
struct Row {
  size_t first, last;
  double top;
};

std::vector<Row> rows_of(const Run& run, double& height) {
  const size_t each = (run.lanes.size() + kRowsDrawn - 1) / kRowsDrawn;
  std::vector<Row> rows;
  const double step = row_height((run.lanes.size() + each - 1) / each);
  for (size_t i = 0; i < run.lanes.size(); i += each)
    rows.push_back(
        {i, std::min(i + each, run.lanes.size()) - 1, step * static_cast<double>(rows.size())});
  height = step;
  return rows;
}

std::string row_labels(const Run& run, const std::vector<Row>& rows, double height) {
  std::string text;
  for (const auto& row : rows) {
    std::string name = run.lanes[row.first].name;
    if (row.last > row.first) name += "–" + run.lanes[row.last].name;
    text += text_mark(kAxisLeft - 8, row.top + height / 2 + 4, name, "class=\"end\"");
    text += "<rect class=\"lane\" x=\"" + place(kAxisLeft) + "\" y=\"" + place(row.top + 1) +
            "\" width=\"" + place(kAxisLength) + "\" height=\"" + place(height - 2) + "\"/>\n";
  }
  return text;
}

std::string each_task(const Run& run, const std::vector<Row>& rows, double height) {
  std::string text;
  for (const auto& task : run.tasks) {
    if (!task.ran()) continue;
    const double left = at(run, task.started);
    const double width = std::max(at(run, task.completed) - left, kThinnest);
    text += rect_mark(left, rows[task.lane].top + 2, width, height - 4,
                      std::string("task ") + class_of(task), task_title(run, task));
  }
  return text;
}

/// How busy the engines of a row were in one part of the time.
struct Cell {
  double busy = 0;  // seconds of engines
  bool failed = false;
};

std::string cell_path(double left, double top, double width, double height) {
  return "M" + place(left) + " " + place(top) + "h" + place(width) + "v" + place(height) + "h-" +
         place(width) + "z";
}

// Equal neighbours are one mark.
void draw_row(const std::vector<Cell>& cells, const Row& row, double height, double full,
              std::vector<std::string>& paths) {
  const auto shade = [&](const Cell& cell) {
    if (cell.failed) return kShades;
    const double share = std::min(cell.busy / full, 1.0);
    return share <= 0 ? -1 : std::min(static_cast<int>(share * kShades), kShades - 1);
  };
  const double step = kAxisLength / static_cast<double>(cells.size());
  for (size_t begin = 0; begin < cells.size();) {
    size_t end = begin + 1;
    while (end < cells.size() && shade(cells[end]) == shade(cells[begin])) ++end;
    if (const int level = shade(cells[begin]); level >= 0)
      paths[static_cast<size_t>(level)] +=
          cell_path(kAxisLeft + step * static_cast<double>(begin), row.top + 2,
                    step * static_cast<double>(end - begin), height - 4);
    begin = end;
  }
}

std::string shaded(const Run& run, const std::vector<Row>& rows, double height) {
  const size_t each = rows[0].last - rows[0].first + 1;
  std::vector<std::vector<Cell>> cells(rows.size(), std::vector<Cell>(kBins));
  for (const auto& task : run.tasks) {
    if (!task.ran()) continue;
    auto& row = cells[task.lane / each];
    const bool failed = task.state == State::error || task.failed_items > 0;
    spread(run, task.started, task.completed, kBins, [&](size_t bin, double seconds) {
      row[bin].busy += seconds;
      row[bin].failed = row[bin].failed || failed;
    });
  }
  std::vector<std::string> paths(kShades + 1);
  for (size_t i = 0; i < rows.size(); ++i)
    draw_row(cells[i], rows[i], height,
             run.seconds() / kBins * static_cast<double>(rows[i].last - rows[i].first + 1), paths);
  std::string text;
  for (size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].empty())
      text += "<path class=\"" + (i == kShades ? "error" : "shade s" + std::to_string(i)) +
              "\" d=\"" + paths[i] + "\"/>\n";
  return text;
}

// A step of 1, 2 or 5 (or what clocks have), so that there are four to nine.
double tick_step(double seconds) {
  constexpr double kClock[] = {60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400};
  if (seconds > 240)
    for (const double step : kClock)
      if (seconds / step <= 9) return step;
  double step = std::pow(10, std::floor(std::log10(seconds)) - 1);
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (seconds / step <= 9) break;
    step *= factor;
  }
  return step;
}

std::string tick_text(double value, double step) {
  const auto [unit, name] = step >= 86400  ? std::pair(86400.0, "d")
                            : step >= 3600 ? std::pair(3600.0, "h")
                            : step >= 60   ? std::pair(60.0, "m")
                            : step >= 0.1  ? std::pair(1.0, "s")
                            : step >= 1e-4 ? std::pair(1e-3, "ms")
                                           : std::pair(1e-6, "µs");
  char text[48];
  std::snprintf(text, sizeof text, "%.4g %s", value / unit, name);
  return text;
}

}  // namespace

const char* class_of(const Task& task) {
  return task.failed_items > 0 ? "error" : state_name(task.state);
}

std::string task_title(const Run& run, const Task& task) {
  std::string text = shorten(task.name(), 60) + ": ";
  if (task.lane != Task::kNoLane) text += "engine " + run.lanes[task.lane].name + ", ";
  text += state_name(task.state);
  if (task.ran())
    text += ", " + time_text(task.duration()) + ", waited " + time_text(task.waited()) + ", at " +
            time_text(static_cast<double>(task.started - run.begin) / 1e6);
  if (task.items > 1) text += ", " + count_text(task.items) + " items";
  if (!task.error.empty()) text += "; " + shorten(task.error, 120);
  return text;
}

bool draws_each_task(const Run& run) {
  return run.tasks.size() <= kTasksDrawn && run.lanes.size() <= kRowsDrawn;
}

std::string time_axis(double seconds, double top, double bottom) {
  std::string text;
  const double step = tick_step(seconds);
  for (int i = 0; static_cast<double>(i) * step <= seconds * 1.0001; ++i) {
    const double x = kAxisLeft + kAxisLength * static_cast<double>(i) * step / seconds;
    text += line_mark(x, top, x, bottom + 4, "tick");
    text += text_mark(x, bottom + 17, tick_text(static_cast<double>(i) * step, step),
                      "class=\"middle\"");
  }
  return text;
}

Chart timeline_chart(const Run& run) {
  if (run.lanes.empty()) return {};
  Chart chart;
  double height = 0;
  const auto rows = rows_of(run, height);
  const double bottom = height * static_cast<double>(rows.size());
  chart.width = kChartWidth;
  chart.height = bottom + 24;
  chart.body = row_labels(run, rows, height) + time_axis(run.seconds(), 0, bottom) +
               (draws_each_task(run) ? each_task(run, rows, height) : shaded(run, rows, height));
  return chart;
}

}  // namespace ipreport
