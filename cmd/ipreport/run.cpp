// SPDX-License-Identifier: BSD-3-Clause
// A run as its records tell it: tasks, the engines that had them, what came after what.
#include "cmd/ipreport/run.hpp"

#include <algorithm>
#include <unordered_map>

#include "libipc/cli/job_columns.hpp"
#include "libipc/client/error.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/client/message.hpp"
#include "libipc/util/text.hpp"

namespace ipreport {

using ipc::client::EngineTable;
using ipc::wire::Json;
using ipc::wire::string_or;

namespace {

// Of all tasks the code is shown if there are no more.
constexpr size_t kFew = 1500;
constexpr size_t kSlowest = 20;
constexpr size_t kTasksOfFailure = 8;
constexpr size_t kTraceback = 6000;

using Index = std::unordered_map<std::string, size_t>;

const Json& member(const Json& object, const char* key) {
  static const Json none;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

ipc::UnixMicros time_of(const Json& record, const char* key) {
  const auto time = ipc::parse_iso8601(string_or(record, key));
  return time ? *time : 0;
}

State state_of(const Json& record) {
  const std::string status = ipc::cli::status_of(record);
  return status == "ok"        ? State::ok
         : status == "error"   ? State::error
         : status == "aborted" ? State::aborted
                               : State::pending;
}

// Without the colours of terminals.
std::string plain_traceback(const ipc::client::RemoteError& error) {
  std::string text;
  for (const auto& line : error.traceback) {
    for (size_t i = 0; i < line.size() && text.size() < kTraceback; ++i) {
      if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
        i += 2;
        while (i < line.size() && (line[i] < '@' || line[i] > '~')) ++i;
      } else {
        text += line[i];
      }
    }
    text += '\n';
  }
  return std::string(ipc::trim(text));
}

// What is equal but for its numbers is one kind.
std::string kind_of(std::string_view text) {
  std::string kind;
  bool in_number = false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(in_number && c == '.')) kind += c;
    if (digit && !in_number) kind += '0';
    in_number = digit || (in_number && c == '.');
  }
  return kind;
}

/// Failures by their kind.
class Failures {
 public:
  void add(const ipc::client::RemoteError& error, size_t task) {
    std::string text = ipc::client::summary(error);
    const auto [found, is_new] = by_kind_.try_emplace(kind_of(text), list_.size());
    if (is_new) list_.push_back({std::move(text), plain_traceback(error), 0, {}});
    Failure& failure = list_[found->second];
    ++failure.count;
    if (failure.tasks.size() < kTasksOfFailure &&
        (failure.tasks.empty() || failure.tasks.back() != task))
      failure.tasks.push_back(task);
  }
  std::vector<Failure> take() {
    std::stable_sort(list_.begin(), list_.end(),
                     [](const Failure& a, const Failure& b) { return a.count > b.count; });
    return std::move(list_);
  }

 private:
  Index by_kind_;
  std::vector<Failure> list_;
};

void read_result(Task& task, const Json& record, size_t index, Failures& failures) {
  const Json& content = member(record, "result_content");
  if (task.state == State::error) {
    const auto error = ipc::client::error_of(content, ipc::client::Outcome::error);
    task.error = ipc::client::summary(error);
    failures.add(error, index);
  } else if (task.state == State::aborted) {
    task.error = "cancelled before it began";
  }
  if (task.type != "map_request") return;
  task.items =
      static_cast<std::uint64_t>(std::max<int64_t>(ipc::wire::int_or(content, "count", 1), 1));
  const Json& failed = member(content, "failed");
  if (!failed.is_array()) return;
  task.failed_items = failed.size();
  for (const auto& item : failed) failures.add(ipc::client::parse_remote_error(item), index);
  if (task.failed_items > 0)
    task.error =
        std::to_string(task.failed_items) + " of " + std::to_string(task.items) + " items failed";
}

Task read_task(const Json& record, size_t index, Failures& failures) {
  Task task;
  task.id = string_or(record, "msg_id");
  const Json& label = member(record, "label");
  task.label =
      ipc::cli::plain_text(label.is_null() ? member(member(record, "metadata"), "label") : label);
  task.type = string_or(member(record, "header"), "msg_type");
  task.state = state_of(record);
  task.submitted = time_of(record, "submitted");
  task.started = time_of(record, "started");
  task.completed = task.state == State::pending ? 0 : time_of(record, "completed");
  read_result(task, record, index, failures);
  return task;
}

// Ids that a dependency names.
void add_edges(const Json& dependency, const Index& by_id, Task& task) {
  const Json& list = dependency.is_object() ? member(dependency, "dependencies") : dependency;
  for (const auto& id : list.is_array() ? list : Json::array({list})) {
    if (!id.is_string()) continue;
    const auto found = by_id.find(id.get<std::string>());
    if (found != by_id.end()) task.after.push_back(found->second);
  }
}

// Edges from tasks that came earlier: an order in which there is no cycle, whatever a client wrote.
void read_edges(const std::vector<Json>& records, Run& run) {
  Index by_id;
  for (size_t i = 0; i < run.tasks.size(); ++i) by_id.emplace(run.tasks[i].id, i);
  for (size_t i = 0; i < run.tasks.size(); ++i) {
    Task& task = run.tasks[i];
    const Json& metadata = member(records[i], "metadata");
    for (const char* key : {"after", "follow", "preceded"})
      if (const Json& names = member(metadata, key); !names.is_null())
        add_edges(names, by_id, task);
    std::erase_if(task.after, [&](size_t before) { return before >= i; });
    std::sort(task.after.begin(), task.after.end());
    task.after.erase(std::unique(task.after.begin(), task.after.end()), task.after.end());
    run.edges += task.after.size();
  }
}

/// Engines in the order of ids, those without one behind.
class Lanes {
 public:
  explicit Lanes(const EngineTable& table) : table_(table) {}

  void add(const Json& record, size_t task) {
    std::string uuid = string_or(record, "engine_uuid");
    if (uuid.empty()) uuid = string_or(member(record, "result_metadata"), "engine");
    const int id = ipc::client::engine_of(table_, record);
    if (id < 0 && uuid.empty()) return;
    tasks_[{id < 0 ? INT32_MAX : id, id < 0 ? uuid : ""}].push_back(task);
  }
  void finish(Run& run) const {
    for (const auto& [key, tasks] : tasks_) {
      const bool known = key.first != INT32_MAX;
      const auto* info = known ? table_.find(key.first) : nullptr;
      for (const size_t task : tasks) run.tasks[task].lane = run.lanes.size();
      run.lanes.push_back({known ? key.first : -1,
                           known ? std::to_string(key.first) : key.second.substr(0, 8),
                           info != nullptr ? info->host : ""});
    }
  }

 private:
  const EngineTable& table_;
  std::map<std::pair<int, std::string>, std::vector<size_t>> tasks_;
};

void find_times(Run& run) {
  run.begin = INT64_MAX;
  for (const auto& task : run.tasks)
    for (const auto time : {task.submitted, task.started, task.completed}) {
      if (time == 0) continue;
      run.begin = std::min(run.begin, time);
      run.end = std::max(run.end, time);
    }
  if (run.begin > run.end) run.begin = run.end;
}

}  // namespace

const char* state_name(State state) {
  constexpr const char* kNames[] = {"ok", "error", "aborted", "pending"};
  return kNames[static_cast<int>(state)];
}

double Task::duration() const {
  return ran() ? static_cast<double>(std::max<int64_t>(completed - started, 0)) / 1e6 : 0;
}

double Task::waited() const {
  return ran() && submitted > 0
             ? static_cast<double>(std::max<int64_t>(started - submitted, 0)) / 1e6
             : 0;
}

std::string Task::name() const {
  if (!label.empty()) return label;
  const std::string line(ipc::trim(std::string_view(code).substr(0, code.find('\n'))));
  if (!line.empty()) return line;
  return items > 1 ? std::to_string(items) + " items" : id.substr(0, 12);
}

double Run::seconds() const {
  return static_cast<double>(std::max<int64_t>(end - begin, 1)) / 1e6;
}

const std::vector<std::string>& run_keys() {
  static const std::vector<std::string> keys = {"submitted",   "started",         "completed",
                                                "engine_uuid", "label",           "header",
                                                "metadata",    "result_metadata", "result_content"};
  return keys;
}

Run read_run(const std::vector<Json>& records, const EngineTable& table) {
  Run run;
  Failures failures;
  Lanes lanes(table);
  for (size_t i = 0; i < records.size(); ++i) {
    lanes.add(records[i], run.tasks.size());
    run.tasks.push_back(read_task(records[i], run.tasks.size(), failures));
  }
  lanes.finish(run);
  read_edges(records, run);
  run.failures = failures.take();
  find_times(run);
  return run;
}

std::vector<size_t> slowest(const Run& run, size_t count) {
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < run.tasks.size(); ++i)
    if (run.tasks[i].ran()) order.emplace_back(-run.tasks[i].duration(), i);
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
  std::vector<size_t> list;
  for (size_t i = 0; i < count; ++i) list.push_back(order[i].second);
  return list;
}

std::vector<std::string> ids_with_code(const Run& run) {
  std::vector<std::string> ids;
  if (run.tasks.size() <= kFew) {
    for (const auto& task : run.tasks) ids.push_back(task.id);
    return ids;
  }
  for (const size_t task : slowest(run, kSlowest)) ids.push_back(run.tasks[task].id);
  for (const auto& failure : run.failures) {
    if (ids.size() > kFew) break;
    for (const size_t task : failure.tasks) ids.push_back(run.tasks[task].id);
  }
  return ids;
}

void add_code(Run& run, const std::vector<Json>& records) {
  std::unordered_map<std::string, std::string> codes;
  for (const auto& record : records)
    codes[string_or(record, "msg_id")] = string_or(member(record, "content"), "code");
  for (auto& task : run.tasks)
    if (const auto found = codes.find(task.id); found != codes.end())
      task.code = std::move(found->second);
}

}  // namespace ipreport
