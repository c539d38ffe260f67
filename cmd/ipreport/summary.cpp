// SPDX-License-Identifier: BSD-3-Clause
// The numbers of a run.
#include "cmd/ipreport/summary.hpp"

#include <algorithm>
#include <cmath>

namespace ipreport {

namespace {

// Seconds in which at least one of the intervals holds.
double covered(std::vector<std::pair<ipc::UnixMicros, ipc::UnixMicros>> intervals) {
  std::sort(intervals.begin(), intervals.end());
  ipc::UnixMicros sum = 0, reached = 0;
  for (const auto& [begin, end] : intervals) {
    sum += std::max<ipc::UnixMicros>(end - std::max(begin, reached), 0);
    reached = std::max(reached, end);
  }
  return static_cast<double>(sum) / 1e6;
}

void add_lanes(const Run& run, Summary& summary) {
  summary.lanes.resize(run.lanes.size());
  std::vector<std::vector<std::pair<ipc::UnixMicros, ipc::UnixMicros>>> intervals(run.lanes.size());
  for (const auto& task : run.tasks) {
    if (task.lane == Task::kNoLane) continue;
    LaneSummary& lane = summary.lanes[task.lane];
    ++lane.tasks;
    lane.failed += task.state == State::error ? 1 : 0;
    if (!task.ran()) continue;
    lane.longest = std::max(lane.longest, task.duration());
    intervals[task.lane].emplace_back(task.started, task.completed);
  }
  double busy = 0;
  for (size_t i = 0; i < run.lanes.size(); ++i) {
    summary.lanes[i].busy = covered(std::move(intervals[i]));
    busy += summary.lanes[i].busy;
  }
  if (!run.lanes.empty())
    summary.utilisation = busy / (summary.seconds * static_cast<double>(run.lanes.size()));
}

// Tasks come after earlier ones only, so one pass is enough.
void add_critical(const Run& run, Summary& summary) {
  if (run.edges == 0) return;
  std::vector<double> length(run.tasks.size());
  std::vector<size_t> before(run.tasks.size(), SIZE_MAX);
  std::vector<bool> leads(run.tasks.size());
  for (const auto& task : run.tasks)
    for (const size_t from : task.after) leads[from] = true;
  size_t last = SIZE_MAX;
  for (size_t i = 0; i < run.tasks.size(); ++i) {
    if (run.tasks[i].after.empty() && !leads[i]) continue;  // of no graph
    for (const size_t from : run.tasks[i].after)
      if (before[i] == SIZE_MAX || length[from] > length[before[i]]) before[i] = from;
    length[i] = run.tasks[i].duration() + (before[i] == SIZE_MAX ? 0 : length[before[i]]);
    if (last == SIZE_MAX || length[i] > length[last]) last = i;
  }
  summary.critical_seconds = length[last];
  for (size_t at = last; at != SIZE_MAX; at = before[at]) summary.critical.push_back(at);
  std::reverse(summary.critical.begin(), summary.critical.end());
}

void finish(Times& times) {
  std::sort(times.sorted.begin(), times.sorted.end());
  for (const double time : times.sorted) times.sum += time;
}

}  // namespace

double Times::quantile(double p) const {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::min(std::max<size_t>(rank, 1), sorted.size()) - 1];
}

double Times::mean() const {
  return sorted.empty() ? 0 : sum / static_cast<double>(sorted.size());
}

Summary summarise(const Run& run) {
  Summary summary;
  summary.seconds = run.seconds();
  for (const auto& task : run.tasks) {
    ++summary.states[static_cast<size_t>(task.state)];
    summary.items += task.items;
    summary.failed_items += task.failed_items;
    summary.has_maps = summary.has_maps || task.type == "map_request";
    if (!task.ran()) continue;
    summary.durations.sorted.push_back(task.duration());
    if (task.submitted > 0) summary.waits.sorted.push_back(task.waited());
  }
  finish(summary.durations);
  finish(summary.waits);
  summary.rate =
      static_cast<double>(run.tasks.size() - summary.count(State::pending)) / summary.seconds;
  add_lanes(run, summary);
  add_critical(run, summary);
  return summary;
}

}  // namespace ipreport
