// SPDX-License-Identifier: BSD-3-Clause
// Busy engines and waiting tasks over time; how many tasks took how long.
#include <algorithm>
#include <cmath>

#include "cmd/ipreport/charts.hpp"

namespace ipreport {

namespace {

constexpr size_t kBins = 230;
constexpr double kStrip = 90, kGap = 34;

// An area below `values`, each a step; `most` is the full height.
std::string area(const std::vector<double>& values, double top, double most, std::string_view css) {
  const double step = kAxisLength / static_cast<double>(values.size());
  std::string path = "M" + place(kAxisLeft) + " " + place(top + kStrip);
  for (size_t i = 0; i < values.size(); ++i) {
    const double y = top + kStrip * (1 - std::min(values[i] / most, 1.0));
    path += "L" + place(kAxisLeft + step * static_cast<double>(i)) + " " + place(y) + "H" +
            place(kAxisLeft + step * static_cast<double>(i + 1));
  }
  path += "V" + place(top + kStrip) + "z";
  return "<path class=\"" + std::string(css) + "\" d=\"" + path + "\"/>\n";
}

std::string strip(const std::vector<double>& values, double top, double most,
                  std::string_view title, std::string_view css) {
  return text_mark(kAxisLeft, top - 6, title) + "<rect class=\"lane\" x=\"" + place(kAxisLeft) +
         "\" y=\"" + place(top) + "\" width=\"" + place(kAxisLength) + "\" height=\"" +
         place(kStrip) + "\"/>\n" + area(values, top, most, css) +
         text_mark(kAxisLeft - 8, top + 10, count_text(static_cast<std::uint64_t>(most)),
                   "class=\"end\"") +
         text_mark(kAxisLeft - 8, top + kStrip, "0", "class=\"end\"");
}

/// Bars of a histogram: from 10^(first/5) seconds on.
struct Bars {
  int first = 0;
  std::vector<std::uint64_t> counts;
};

constexpr int kPerDecade = 5;

int bar_of(double seconds) {
  return static_cast<int>(
      std::floor(std::log10(std::clamp(seconds, 1e-6, 1e9)) * kPerDecade + 1e-9));
}

Bars bars_of(const Times& times) {
  Bars bars;
  bars.first = bar_of(times.sorted.front());
  bars.counts.resize(static_cast<size_t>(bar_of(times.sorted.back()) - bars.first + 1));
  for (const double time : times.sorted)
    ++bars.counts[static_cast<size_t>(bar_of(time) - bars.first)];
  return bars;
}

double edge_of(int bar) {
  return std::pow(10, static_cast<double>(bar) / kPerDecade);
}

}  // namespace

Chart load_chart(const Run& run) {
  if (run.lanes.empty()) return {};
  std::vector<double> busy(kBins), waiting(kBins);
  const double width = run.seconds() / kBins;
  for (const auto& task : run.tasks) {
    if (task.ran())
      spread(run, task.started, task.completed, kBins,
             [&](size_t bin, double seconds) { busy[bin] += seconds / width; });
    if (task.submitted > 0 && task.ran() && task.started > task.submitted)
      spread(run, task.submitted, task.started, kBins,
             [&](size_t bin, double seconds) { waiting[bin] += seconds / width; });
  }
  const double engines = static_cast<double>(run.lanes.size());
  const double most = std::max(1.0, std::ceil(*std::max_element(waiting.begin(), waiting.end())));
  Chart chart;
  chart.width = kChartWidth;
  const double second = 20 + kStrip + kGap;
  chart.body = strip(busy, 20, engines, "engines busy", "busy") +
               strip(waiting, second, most, "tasks sent and not begun", "waiting") +
               time_axis(run.seconds(), second, second + kStrip);
  chart.height = second + kStrip + 24;
  return chart;
}

Chart histogram_chart(const Times& times, std::string_view what) {
  if (times.sorted.empty()) return {};
  const Bars bars = bars_of(times);
  const auto most = static_cast<double>(*std::max_element(bars.counts.begin(), bars.counts.end()));
  constexpr double kWidth = 480, kHeight = 150, kLeft = 50, kTop = 22;
  const double length = kWidth - kLeft - 16;
  const double step = std::min(length / static_cast<double>(bars.counts.size()), 60.0);
  Chart chart{kWidth, kTop + kHeight + 26, text_mark(kLeft, 12, what)};
  for (size_t i = 0; i < bars.counts.size(); ++i) {
    const int bar = bars.first + static_cast<int>(i);
    const double height = kHeight * static_cast<double>(bars.counts[i]) / most;
    const double left = kLeft + step * static_cast<double>(i);
    if (bars.counts[i] > 0)
      chart.body += rect_mark(left + 0.5, kTop + kHeight - std::max(height, 1.0), step - 1,
                              std::max(height, 1.0), "bar",
                              count_text(bars.counts[i]) + ": " + time_text(edge_of(bar)) + " to " +
                                  time_text(edge_of(bar + 1)));
    // At each decade, and where there is room between them.
    if (bar % kPerDecade == 0 || bars.counts.size() <= 7 ||
        (bars.counts.size() <= 14 && (bar + 10 * kPerDecade) % kPerDecade == 2))
      chart.body +=
          line_mark(left, kTop + kHeight, left, kTop + kHeight + 4, "tick") +
          text_mark(left, kTop + kHeight + 18, time_text(edge_of(bar)), "class=\"middle\"");
  }
  chart.body += line_mark(kLeft, kTop + kHeight, kWidth - 16, kTop + kHeight, "tick") +
                text_mark(kLeft - 6, kTop + 10, count_text(static_cast<std::uint64_t>(most)),
                          "class=\"end\"") +
                text_mark(kLeft - 6, kTop + kHeight, "0", "class=\"end\"");
  return chart;
}

Chart stacked(const std::vector<std::pair<std::string, Chart>>& charts) {
  constexpr double kTitle = 34;
  Chart whole{0, 0, ""};
  for (const auto& [title, chart] : charts) {
    if (chart.empty()) continue;
    whole.body += text_mark(8, whole.height + 20, title, "class=\"title\"") +
                  "<g transform=\"translate(0 " + place(whole.height + kTitle) + ")\">\n" +
                  chart.body + "</g>\n";
    whole.width = std::max(whole.width, chart.width);
    whole.height += kTitle + chart.height + 12;
  }
  return whole;
}

}  // namespace ipreport
