// SPDX-License-Identifier: BSD-3-Clause
// Who has what to do: the hub's books, kept from the traffic it hears of.
#include "libipc/hub/accounts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {
namespace {

// Values below these in the table say how a finished task ended.
constexpr std::uint32_t kHeardOf = 7;  // its output came, not yet itself
constexpr std::uint32_t kFirstOpen = 8;

std::optional<UnixMicros> time_of(std::string_view text) {
  if (text.empty()) return {};
  const auto time = parse_iso8601(text);
  return time ? std::optional(*time) : std::nullopt;
}

// Of a string's raw JSON; nothing if it is none.
std::string_view unquoted(std::string_view raw) {
  return raw.size() > 1 && raw.front() == '"' ? raw.substr(1, raw.size() - 2) : std::string_view();
}

/// Requests that carry data through a pipeline: whoever sent them takes their result at once, and
/// a record with the data of each would hold all that ever passed.
bool moves_data(std::string_view msg_type) {
  return msg_type == "push_request" || msg_type == "pull_request" || msg_type == "map_request";
}

}  // namespace

const char* state_name(TaskState state) {
  switch (state) {
    case TaskState::ok:
      return "ok";
    case TaskState::error:
      return "error";
    case TaskState::aborted:
      return "aborted";
    case TaskState::pending:
      return "pending";
    default:
      return "unknown";
  }
}

Accounts::Accounts(const Registry& registry, Store& store,
                   std::function<void(std::string_view)> finished)
    : registry_(registry), store_(store), finished_(std::move(finished)) {}

TaskState Accounts::state(std::string_view id) const {
  const std::uint32_t value = tasks_.get(id);
  if (value == kHeardOf) return TaskState::unknown;
  return value >= kFirstOpen ? TaskState::pending : static_cast<TaskState>(value);
}

const Engine* Accounts::engine_of(std::string_view uuid) {
  return uuid.empty() ? nullptr : registry_.find(uuid);
}

Accounts::Open* Accounts::find_open(std::string_view id) {
  const std::uint32_t value = tasks_.get(id);
  return value >= kFirstOpen ? &open_[value - kFirstOpen] : nullptr;
}

Accounts::Open& Accounts::open(std::string_view id) {
  if (Open* known = find_open(id)) return *known;
  const bool is_new = tasks_.get(id) == 0;
  if (free_.empty()) {
    free_.push_back(open_.size());
    open_.add();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  tasks_.set(id, kFirstOpen + slot);
  Open& task = open_[slot];
  task.order = next_order_++;
  task.record = store_.open(id, is_new);
  task.is_away = false;
  if (task.record == nullptr) task.own_id = id;
  if (task.record != nullptr) recent_.push_back({task.order, slot});
  return task;
}

void Accounts::tick() {
  for (; !recent_.empty(); recent_.pop_front()) {
    Open& task = open_[recent_.front().slot];
    if (task.order == recent_.front().order && task.record != nullptr) {
      if (looked_at_ == 0 || recent_.size() <= kManyOpen) break;
      task.drops_buffers = task.record->drops_buffers;
      task.own_id = task.record->msg_id;
      task.is_away = store_.put_away(*task.record);
      if (task.is_away) task.record = nullptr;
    }
    if (looked_at_ > 0) --looked_at_;
  }
  looked_at_ = recent_.size();
}

template <class Change>
void Accounts::change(Open& task, const Change& with) {
  if (task.record != nullptr) return with(*task.record);
  if (!task.is_away) return;
  store_.amend(task.own_id, [&](Record& record) {
    record.drops_buffers = task.drops_buffers;
    with(record);
  });
}

std::size_t& Accounts::count(Place place, EngineId engine) {
  if (place == Place::unassigned) return unassigned_;
  EngineAccount& account = engines_[engine];
  account.changed = ++version_;
  return place == Place::direct ? account.queue : account.tasks;
}

void Accounts::move(Open& task, std::optional<Place> place, EngineId engine) {
  if (task.place) --count(*task.place, task.engine);
  task.place = place;
  task.engine = engine;
  if (place) ++count(*place, engine);
}

void Accounts::close(Open& task, TaskState state) {
  const std::uint32_t slot = tasks_.get(task.id()) - kFirstOpen;
  tasks_.set(task.id(), static_cast<std::uint32_t>(state));
  move(task, std::nullopt);
  task.order = 0;
  if (task.record != nullptr) store_.close(*std::exchange(task.record, nullptr));
  free_.push_back(slot);
}

OpenIds Accounts::open_ids() const {
  std::vector<const Open*> tasks;
  for (std::uint32_t slot = 0; slot < open_.size(); ++slot)
    if (const Open& task = open_[slot]; task.order != 0 && task.place) tasks.push_back(&task);
  std::sort(tasks.begin(), tasks.end(),
            [](const Open* a, const Open* b) { return a->order < b->order; });
  OpenIds ids;
  for (const Open* task : tasks) {
    auto& list = *task->place == Place::unassigned ? ids.unassigned
                 : *task->place == Place::direct   ? ids.direct[task->engine]
                                                   : ids.balanced[task->engine];
    list.emplace_back(task->id());
  }
  return ids;
}

void Accounts::add_request(Open& task, const net::MessageEvent& message, net::Frames& buffers,
                           const net::TaskFacts& facts, const char* queue) {
  if (task.record == nullptr) return;
  Record& record = *task.record;
  // An id that comes again is the task of before.
  if (record.request.empty())
    record.request.assign(message.view.header, message.view.metadata, message.view.content);
  if (record.queue == nullptr) record.queue = queue;
  if (!record.submitted) record.submitted = time_of(facts.date);
  if (!record.submitted) record.submitted = unix_now();
  record.completed.reset();
  record.drops_buffers = moves_data(facts.type);
  if (!record.has_buffers && !record.drops_buffers && bytes_of(buffers) <= kKeptInput) {
    record.buffers = std::exchange(buffers, {});
    record.has_buffers = true;
  }
  if (message.view.metadata.find("\"label\"") != std::string_view::npos) {
    constexpr std::array<std::string_view, 1> kLabel{"label"};
    std::array<std::string_view, 1> label;
    parser_.raw_fields(message.view.metadata, kLabel, label);
    record.label = label[0] == "null" ? "" : label[0];
  }
  if (!message.engine.empty()) record.engine_uuid = message.engine, record.has_engine = true;
}

void Accounts::add_result(Record& record, const Result& result, const net::MessageEvent& message,
                          net::Frames& buffers) {
  record.result.assign(message.view.header, message.view.metadata, message.view.content);
  record.has_result_buffers = !record.drops_buffers && bytes_of(buffers) <= kKeptResult;
  record.result_buffers = record.has_result_buffers ? std::exchange(buffers, {}) : net::Frames();
  record.started = time_of(result.started);
  record.received = unix_now();
  record.completed = time_of(result.date);
  if (!record.completed) record.completed = record.received;
  record.engine_uuid = result.engine;
  record.has_engine = true;
}

// By which of its messages an engine has said all of it; 0 if that is not said.
std::uint64_t Accounts::number_in(std::string_view metadata) {
  constexpr std::array<std::string_view, 1> kPublished{"published"};
  std::array<std::string_view, 1> text;
  if (metadata.find("\"published\"") == std::string_view::npos ||
      !parser_.raw_fields(metadata, kPublished, text))
    return 0;
  std::uint64_t number = 0;
  std::from_chars(text[0].data(), text[0].data() + text[0].size(), number);
  return number;
}

void Accounts::await_output(std::string_view id, const Result& result, const Engine* engine) {
  if (engine == nullptr || !store_.keeps() || result.is_old) return;
  if (result.published > 0)
    late_.ended(id, engine->uuid, result.published, Clock::now());
  else if (engine->facts.is_null() && result.status != "aborted")
    late_.ended_before_idle(id, engine->uuid, Clock::now());
}

// The task ends, or its result comes once more.
void Accounts::finish(std::string_view id, const Result& result, const net::MessageEvent& message,
                      net::Frames& buffers) {
  Open* task = find_open(id);
  if (task == nullptr) {
    if (store_.keeps())
      store_.update(id, [&](Record& record) { add_result(record, result, message, buffers); });
    return;
  }
  change(*task, [&](Record& record) { add_result(record, result, message, buffers); });
  const TaskState state = result.status == "ok"        ? TaskState::ok
                          : result.status == "aborted" ? TaskState::aborted
                                                       : TaskState::error;
  const Engine* engine = engine_of(message.engine);
  await_output(id, result, engine);
  if (engine != nullptr) {
    EngineAccount& account = engines_[engine->id];
    if (state == TaskState::error) ++account.failed;
    // An aborted direct request counts, a withdrawn task does not: it was never there.
    if (state != TaskState::aborted || task->place == Place::direct) {
      ++account.completed;
      account.recent.emplace_back(task->id());
      if (account.recent.size() > EngineAccount::kRecent) account.recent.pop_front();
    }
  }
  close(*task, state);
  finished_(id);
}

void Accounts::mux_request(const net::MessageEvent& message, net::Frames& buffers) {
  const Engine* engine = engine_of(message.engine);
  const auto header = header_parser_.header(message.view.header);
  if (engine == nullptr || !header) return;
  Open& task = open(header->msg_id);
  add_request(task, message, buffers, {header->msg_id, header->msg_type, header->date, "", ""},
              "mux");
  move(task, Place::direct, engine->id);
}

void Accounts::mux_reply(const net::MessageEvent& message, net::Frames& buffers) {
  const auto parent = header_parser_.header(message.view.parent);
  if (!parent || state(parent->msg_id) == TaskState::unknown) return;
  // We may hear that an engine left before we hear of its last replies; later ones are for nobody.
  if (engine_of(message.engine) == nullptr && find_open(parent->msg_id) == nullptr) return;
  const std::uint64_t published = number_in(message.view.metadata);
  constexpr std::array<std::string_view, 3> kMetadata{"status", "started", "engine"};
  std::array<std::string_view, 3> metadata;
  parser_.raw_fields(message.view.metadata, kMetadata, metadata);
  finish(parent->msg_id,
         {unquoted(metadata[0]), unquoted(metadata[1]),
          field_parser_.field(message.view.header, "date"), unquoted(metadata[2]), published},
         message, buffers);
}

void Accounts::task_request(const net::MessageEvent& message, net::Frames& buffers) {
  Open& task = open(message.task.msg_id);
  add_request(task, message, buffers, message.task, "task");
  if (!task.place) move(task, Place::unassigned);
}

void Accounts::task_assigned(std::string_view msg_id, std::string_view uuid) {
  const Engine* engine = engine_of(uuid);
  Open* task = find_open(msg_id);
  if (task == nullptr || engine == nullptr) return;
  move(*task, Place::balanced, engine->id);
  change(*task, [uuid](Record& record) {
    record.engine_uuid = uuid;
    record.has_engine = true;
  });
}

void Accounts::task_reply(const net::MessageEvent& message, net::Frames& buffers, bool is_old) {
  const net::TaskFacts& facts = message.task;
  finish(facts.msg_id,
         {facts.status, facts.started, facts.date, message.engine, number_in(message.view.metadata),
          is_old},
         message, buffers);
}

// As one that has been heard of, its record is looked for where earlier ones are.
void Accounts::task_known(std::string_view msg_id, std::string_view status) {
  if (tasks_.get(msg_id) != 0) return;
  const TaskState state = status == "ok" ? TaskState::ok : TaskState::error;
  tasks_.set(msg_id, status.empty() ? kHeardOf : static_cast<std::uint32_t>(state));
}

void Accounts::status(const net::MessageEvent& message) {
  const auto header = header_parser_.header(message.view.header);
  const Engine* const engine = header ? engine_of(header->session) : nullptr;
  if (engine == nullptr || !engine->facts.is_null()) return;  // ours number their output
  const auto parent = parser_.header(message.view.parent);
  const bool is_idle = field_parser_.field(message.view.content, "execution_state") == "idle";
  late_.status(header->session, parent ? parent->msg_id : "", is_idle);
}

// Of what one request prints without end a record keeps the beginning.
static void keep_output(std::string& kept, std::string_view text) {
  constexpr std::size_t kMost = 16u << 20;
  if (kept.size() >= kMost) return;
  kept += text;
  if (kept.size() >= kMost) kept += "\n[the record ends here: more than 16 MB were printed]\n";
}

void Accounts::output(const net::MessageEvent& message) {
  const auto header = header_parser_.header(message.view.header);
  if (const std::uint64_t number = number_in(message.view.metadata); number > 0 && header)
    late_.came(header->session, number);
  const auto parent = parser_.header(message.view.parent);
  if (!header || !parent || !store_.keeps()) return;
  const std::string_view type = header->msg_type;
  if (type != "stream" && type != "error" && type != "execute_input" && type != "execute_result")
    return;
  const std::string_view content = message.view.content;
  if (tasks_.get(parent->msg_id) == 0) tasks_.set(parent->msg_id, kHeardOf);
  store_.update(parent->msg_id, [&](Record& record) {
    if (type == "error") return void(record.error = content);
    if (type == "execute_result") return void(record.execute_result = content);
    if (type == "execute_input") {
      record.execute_input = field_parser_.field(content, "code");
      return;
    }
    const bool is_stderr = field_parser_.field(content, "name") == "stderr";
    keep_output(is_stderr ? record.err : record.out, field_parser_.field(content, "text"));
  });
}

std::size_t Accounts::without_engine() const {
  std::size_t count = unassigned_;
  for (const auto& [id, account] : engines_)
    if (account.tasks > 0 && registry_.find(id) == nullptr) count += account.tasks;
  return count;
}

void Accounts::stranded(const Engine& engine) {
  engines_[engine.id].changed = ++version_;
  late_.engine_gone(engine.uuid);
  for (std::uint32_t slot = 0; slot < open_.size(); ++slot) {
    Open& task = open_[slot];
    if (task.order == 0 || task.place != Place::direct || task.engine != engine.id) continue;
    const std::string id(task.id());
    change(task, [&](Record& record) {
      const auto text =
          "Engine " + std::to_string(engine.id) + " died while running task '" + id + "'";
      const UnixMicros now = unix_now();
      record.result.assign(wire::dump_json({{"engine", engine.uuid}, {"date", iso8601(now)}}),
                           wire::dump_json({{"engine", engine.uuid}, {"status", "error"}}),
                           wire::error_content("EngineError", text));
      record.has_result_buffers = true;
      record.completed = record.received = now;
      record.engine_uuid = engine.uuid;
    });
    ++engines_[engine.id].failed;
    close(task, TaskState::error);
    finished_(id);
  }
}

}  // namespace ipc::hub
