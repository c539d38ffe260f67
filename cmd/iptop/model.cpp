// SPDX-License-Identifier: BSD-3-Clause
// What is known of the engines at a moment, and what of it is shown. Passive: answers and a clock.
#include "cmd/iptop/model.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "libipc/cli/job_columns.hpp"

namespace iptop {

using ipc::wire::Json;

namespace {

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[48];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

// Less than 0, 0, more than 0. What is most comes first where that is what one looks for.
double order(const Row& a, const Row& b, Key key, ipc::TimePoint now) {
  switch (key) {
    case Key::id:
      return a.id - b.id;
    case Key::host:
      return a.host.compare(b.host);
    case Key::state:
      return a.state.compare(b.state);
    case Key::queue:
      return static_cast<double>(b.queue - a.queue);
    case Key::done:
      return static_cast<double>(b.completed - a.completed);
    case Key::failed:
      return static_cast<double>(b.failed - a.failed);
    case Key::rate:
      return b.rate - a.rate;
    case Key::memory:
      return static_cast<double>(b.memory.value_or(-1) - a.memory.value_or(-1));
    case Key::age:
      return b.age(now) - a.age(now);
  }
  return 0;
}

bool matches(const Row& row, const std::string& filter) {
  return filter.empty() || row.host.find(filter) != std::string::npos ||
         row.state.find(filter) != std::string::npos || row.task.find(filter) != std::string::npos;
}

// An engine of a hub that says no more than ipyparallel's has no state.
void take_load(Row& row, const Json& load) {
  row.queue = ipc::wire::int_or(load, "queue", 0) + ipc::wire::int_or(load, "tasks", 0);
  row.completed = ipc::wire::int_or(load, "completed", 0);
  row.failed = ipc::wire::int_or(load, "failed", 0);
  row.state = ipc::wire::string_or(load, "state", row.queue > 0 ? "busy" : "idle");
  if (row.state != "busy") row.task.clear(), row.task_id.clear();
}

}  // namespace

double Row::age(ipc::TimePoint now) const {
  if (task_id.empty()) return 0;
  return task_seconds + std::chrono::duration<double>(now - asked).count();
}

const std::vector<std::string>& key_names() {
  static const std::vector<std::string> names = {"id",     "host", "state",  "queue", "done",
                                                 "failed", "rate", "memory", "age"};
  return names;
}

void Model::set_engines(const ipc::client::EngineTable& table, const std::vector<int>& chosen) {
  const auto ids = table.ids();
  registered_ = {ids.begin(), ids.end()};
  const std::set<int> wanted(chosen.begin(), chosen.end());
  std::erase_if(rows_, [&](const auto& row) { return !wanted.contains(row.first); });
  for (const int id : chosen) {
    const auto* info = table.find(id);
    if (info == nullptr) continue;
    Row& row = rows_[id];
    row.id = id;
    row.host = info->host;
    row.is_ipkit = info->is_ipkit();
  }
}

bool Model::take_queue(const Json& content, ipc::TimePoint now) {
  if (!content.is_object()) return true;
  const Json ours = content.value("ipkit", Json());
  const bool is_ipkit = ours.is_object();
  const Json& loads = is_ipkit ? ours.value("engines", Json::object()) : content;
  unassigned_ = ipc::wire::int_or(is_ipkit ? ours : content, "unassigned", 0);
  bool known = true;
  for (const auto& [name, load] : loads.items()) {
    if (!load.is_object() || name.find_first_not_of("0123456789") != std::string::npos) continue;
    const int id = std::atoi(name.c_str());
    // ipyparallel's hub lists those that left, too, and does not say so.
    const bool gone = !is_ipkit || ipc::wire::string_or(load, "state") == "gone";
    if (registered_.contains(id) == gone && is_ipkit) known = false;
    if (const auto row = rows_.find(id); row != rows_.end()) take_load(row->second, load);
  }
  if (is_ipkit) {
    // What an engine that is not known yet has is asked for again.
    if (known) since_ = ipc::wire::int_or(ours, "version", 0);
    rss_ = ipc::wire::int_or(ours, "rss", 0);
    uptime_ = ipc::wire::number_or(ours, "uptime", 0);
  }
  const size_t slot = looks_++ % kLooks;
  const size_t oldest = looks_ < kLooks ? 0 : looks_ % kLooks;
  times_[slot] = now;
  const double span = std::chrono::duration<double>(now - times_[oldest]).count();
  for (auto& [id, row] : rows_) {
    row.looks[slot] = row.completed;
    row.rate = span > 0 ? static_cast<double>(row.completed - row.looks[oldest]) / span : 0;
  }
  return known;
}

void Model::take_state(int engine, const Json& content, ipc::TimePoint now) {
  const auto found = rows_.find(engine);
  if (found == rows_.end() || ipc::wire::string_or(content, "status") != "ok") return;
  Row& row = found->second;
  row.memory = ipc::wire::int_or(content, "rss", 0);
  row.asked = now;
  const Json running = content.value("running", Json());
  row.task_id = ipc::wire::string_or(running, "msg_id");
  row.task_seconds = ipc::wire::number_or(running, "seconds", 0);
  row.task.clear();
  if (!running.is_object()) return;
  row.task = ipc::cli::plain_text(running.value("label", Json()));
  if (row.task.empty()) row.task = ipc::wire::string_or(running, "code");
  if (row.task.empty()) row.task = ipc::wire::string_or(running, "msg_type");
}

const Row* Model::find(int engine) const {
  const auto found = rows_.find(engine);
  return found == rows_.end() ? nullptr : &found->second;
}

Totals Model::totals() const {
  Totals totals;
  totals.engines = rows_.size();
  totals.waiting = unassigned_;
  totals.rss = rss_;
  totals.uptime = uptime_;
  for (const auto& [id, row] : rows_) {
    totals.busy += row.state == "busy" ? 1 : 0;
    totals.running += row.queue;
    totals.completed += row.completed;
    totals.failed += row.failed;
    totals.rate += row.rate;
  }
  return totals;
}

std::vector<int> Model::shown(Key key, bool reverse, const std::string& filter,
                              ipc::TimePoint now) const {
  std::vector<const Row*> rows;
  for (const auto& [id, row] : rows_)
    if (matches(row, filter)) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    const double difference = order(*a, *b, key, now);
    return reverse ? difference > 0 : difference < 0;
  });
  std::vector<int> ids;
  for (const Row* row : rows) ids.push_back(row->id);
  return ids;
}

std::string short_count(std::int64_t count) {
  const auto value = static_cast<double>(count);
  if (count < 10'000) return std::to_string(count);
  if (count < 1'000'000) return format("%.0fk", value / 1e3);
  if (count < 10'000'000) return format("%.1fM", value / 1e6);
  return format("%.0fM", value / 1e6);
}

std::string short_bytes(std::optional<std::int64_t> bytes) {
  if (!bytes) return "-";
  const auto value = static_cast<double>(*bytes);
  if (value < 1e6) return format("%.0fK", value / 1e3);
  if (value < 9.95e6) return format("%.1fM", value / 1e6);
  if (value < 999.5e6) return format("%.0fM", value / 1e6);
  return format(value < 9.95e9 ? "%.1fG" : "%.0fG", value / 1e9);
}

std::string short_time(double seconds) {
  if (seconds < 9.95) return format("%.1fs", std::max(seconds, 0.0));
  const auto whole = static_cast<long long>(std::min(seconds, 1e10));
  if (whole < 60) return format("%llds", whole);
  if (whole < 3600) return format("%lldm%02lld", whole / 60, whole % 60);
  if (whole < 86400) return format("%lldh%02lld", whole / 3600, whole / 60 % 60);
  return format("%lldd%02lld", whole / 86400, whole / 3600 % 24);
}

}  // namespace iptop
