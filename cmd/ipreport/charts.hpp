// SPDX-License-Identifier: BSD-3-Clause
// The drawings of a report. Their size is bounded, however many tasks and engines there are.
#pragma once

#include "cmd/ipreport/marks.hpp"
#include "cmd/ipreport/summary.hpp"

namespace ipreport {

/// More tasks or engines than these are drawn together, as how busy engines were.
constexpr size_t kTasksDrawn = 1500, kRowsDrawn = 48;
/// Graphs of more nodes, and those with more of one level, are told as numbers only.
constexpr size_t kNodesDrawn = 160, kLevelDrawn = 40, kEdgesDrawn = 1500;

/// A row for each engine (or for several), time from left to right. Empty if nothing ran.
Chart timeline_chart(const Run& run);
/// True if the timeline has a mark for each task.
bool draws_each_task(const Run& run);

/// Engines that were busy, and tasks that waited, over the same time.
Chart load_chart(const Run& run);

/// How many took how long, in steps of a fifth of a decade. `what` is the axis.
Chart histogram_chart(const Times& times, std::string_view what);

/// What came after what, from left to right. Empty without edges, or if there is too much of it.
Chart graph_chart(const Run& run, const Summary& summary);

/// One level of the graph: tasks whose longest chain of predecessors is equally long.
struct Level {
  std::uint64_t tasks = 0, failed = 0;
  double seconds = 0;  ///< of all of them together
};
std::vector<Level> levels_of(const Run& run);

/// Several below each other, each under its title.
Chart stacked(const std::vector<std::pair<std::string, Chart>>& charts);

/// Space left of a time axis, and its length.
constexpr double kAxisLeft = 64, kAxisLength = 920, kChartWidth = 1000;

/// Ticks, their lines from `top` to `bottom`, and labels below.
std::string time_axis(double seconds, double top, double bottom);

/// The class of its marks: its state, or "error" if some of its items failed.
const char* class_of(const Task& task);

/// `train-7: engine 3, ok, 1.20 s, waited 3 ms, at 4.00 s`
std::string task_title(const Run& run, const Task& task);

}  // namespace ipreport
