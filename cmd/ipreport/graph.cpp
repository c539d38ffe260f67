// SPDX-License-Identifier: BSD-3-Clause
// What came after what, in levels from left to right.
#include <algorithm>
#include <numeric>
#include <set>

#include "cmd/ipreport/charts.hpp"

namespace ipreport {

namespace {

constexpr double kBoxWidth = 126, kBoxHeight = 34, kColumn = 166, kRow = 46, kMargin = 10;
constexpr size_t kNameLength = 17;
constexpr int kSweeps = 8;

// How long the longest chain before each task is. They come after earlier ones only.
std::vector<size_t> depths_of(const Run& run) {
  std::vector<size_t> depths(run.tasks.size());
  for (size_t i = 0; i < run.tasks.size(); ++i)
    for (const size_t before : run.tasks[i].after)
      depths[i] = std::max(depths[i], depths[before] + 1);
  return depths;
}

/// Where the tasks of the graph are.
class Layout {
 public:
  explicit Layout(const Run& run) : run_(run), depth_(depths_of(run)) {
    next_.resize(run.tasks.size());
    for (size_t i = 0; i < run.tasks.size(); ++i)
      for (const size_t before : run.tasks[i].after) next_[before].push_back(i);
    for (size_t i = 0; i < run.tasks.size(); ++i) {
      if (run.tasks[i].after.empty() && next_[i].empty()) continue;  // of no graph
      if (levels_.size() <= depth_[i]) levels_.resize(depth_[i] + 1);
      levels_[depth_[i]].push_back(i);
      ++nodes_;
    }
    for (const auto& level : levels_) widest_ = std::max(widest_, level.size());
  }

  bool fits() const { return nodes_ <= kNodesDrawn && widest_ <= kLevelDrawn; }
  /// Puts each near those it is connected with.
  void arrange();
  double x(size_t task) const { return kMargin + kColumn * static_cast<double>(depth_[task]); }
  double y(size_t task) const { return kMargin + kRow * y_[task]; }
  double width() const { return x_end(); }
  double height() const { return kMargin * 2 + kRow * static_cast<double>(widest_); }
  const std::vector<std::vector<size_t>>& levels() const { return levels_; }

 private:
  double x_end() const {
    return kMargin * 2 + kColumn * static_cast<double>(levels_.size() - 1) + kBoxWidth;
  }
  void place_level(const std::vector<size_t>& level);
  void sort_level(std::vector<size_t>& level, bool by_before);

  const Run& run_;
  std::vector<size_t> depth_;
  std::vector<std::vector<size_t>> next_, levels_;
  std::vector<double> y_;  // rows
  size_t nodes_ = 0, widest_ = 0;
};

// In the middle of the height.
void Layout::place_level(const std::vector<size_t>& level) {
  const double free = static_cast<double>(widest_ - level.size());
  const double step = 1 + free / static_cast<double>(level.size());
  for (size_t i = 0; i < level.size(); ++i)
    y_[level[i]] = (static_cast<double>(i) + 0.5) * step - 0.5;
}

void Layout::sort_level(std::vector<size_t>& level, bool by_before) {
  const auto middle = [&](size_t task) {
    const auto& near = by_before ? run_.tasks[task].after : next_[task];
    if (near.empty()) return y_[task];
    double sum = 0;
    for (const size_t other : near) sum += y_[other];
    return sum / static_cast<double>(near.size());
  };
  std::stable_sort(level.begin(), level.end(),
                   [&](size_t a, size_t b) { return middle(a) < middle(b); });
  place_level(level);
}

void Layout::arrange() {
  y_.resize(run_.tasks.size());
  for (const auto& level : levels_) place_level(level);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t i = 1; i < levels_.size(); ++i) sort_level(levels_[i], true);
    for (size_t i = levels_.size() - 1; i-- > 0;) sort_level(levels_[i], false);
  }
}

std::string edge_mark(const Layout& layout, size_t from, size_t to, bool critical) {
  const double x1 = layout.x(from) + kBoxWidth, y1 = layout.y(from) + kBoxHeight / 2;
  const double x2 = layout.x(to), y2 = layout.y(to) + kBoxHeight / 2;
  const double bend = std::max((x2 - x1) / 2, 20.0);
  return std::string("<path class=\"edge") + (critical ? " critical" : "") + "\" d=\"M" +
         place(x1) + " " + place(y1) + "C" + place(x1 + bend) + " " + place(y1) + " " +
         place(x2 - bend) + " " + place(y2) + " " + place(x2) + " " + place(y2) + "\"/>\n";
}

std::string node_mark(const Run& run, const Layout& layout, size_t index, bool critical) {
  const Task& task = run.tasks[index];
  const double x = layout.x(index), y = layout.y(index);
  const std::string below = task.ran() ? time_text(task.duration()) : state_name(task.state);
  return "<g class=\"node " + std::string(class_of(task)) + (critical ? " critical" : "") +
         "\"><title>" + escape(task_title(run, task)) + "</title><rect x=\"" + place(x) +
         "\" y=\"" + place(y) + "\" width=\"" + place(kBoxWidth) + "\" height=\"" +
         place(kBoxHeight) + "\" rx=\"5\"/>" +
         text_mark(x + 9, y + 14, shorten(task.name(), kNameLength), "class=\"name\"") +
         text_mark(x + 9, y + 28, below, "class=\"small\"") + "</g>\n";
}

}  // namespace

std::vector<Level> levels_of(const Run& run) {
  std::vector<Level> levels;
  if (run.edges == 0) return levels;
  const auto depths = depths_of(run);
  for (size_t i = 0; i < run.tasks.size(); ++i) {
    if (levels.size() <= depths[i]) levels.resize(depths[i] + 1);
    Level& level = levels[depths[i]];
    ++level.tasks;
    level.failed += run.tasks[i].state == State::error ? 1 : 0;
    level.seconds += run.tasks[i].duration();
  }
  return levels;
}

Chart graph_chart(const Run& run, const Summary& summary) {
  if (run.edges == 0 || run.edges > kEdgesDrawn) return {};
  Layout layout(run);
  if (!layout.fits()) return {};
  layout.arrange();
  std::set<std::pair<size_t, size_t>> chain;
  for (size_t i = 1; i < summary.critical.size(); ++i)
    chain.emplace(summary.critical[i - 1], summary.critical[i]);
  const std::set<size_t> critical(summary.critical.begin(), summary.critical.end());
  Chart chart{layout.width(), layout.height(), ""};
  std::string above;  // what is critical is not covered by other edges
  for (const auto& level : layout.levels())
    for (const size_t to : level)
      for (const size_t from : run.tasks[to].after) {
        const bool is_critical = chain.contains({from, to});
        (is_critical ? above : chart.body) += edge_mark(layout, from, to, is_critical);
      }
  chart.body += above;
  for (const auto& level : layout.levels())
    for (const size_t task : level)
      chart.body += node_mark(run, layout, task, critical.contains(task));
  return chart;
}

}  // namespace ipreport
