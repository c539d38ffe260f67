// SPDX-License-Identifier: BSD-3-Clause
// Who has what to do: the hub's books, kept from the traffic it hears of.
#include "libipc/hub/accounts.hpp"

#include <algorithm>
#include <array>

#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {
namespace {

std::optional<UnixMicros> time_of(std::string_view text) {
  if (text.size() > 1 && text.front() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty() || text == "null") return {};
  const auto time = parse_iso8601(text);
  return time ? std::optional(*time) : std::nullopt;
}

void keep(std::string& into, std::string_view text) {
  if (into.empty()) into = text;
}

net::Frames copy(net::Frames& buffers) {
  return std::exchange(buffers, {});
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

void IdList::add(std::string_view id) {
  if (where_.find(id) == where_.end()) where_.emplace(id, next_++);
}

void IdList::remove(std::string_view id) {
  const auto found = where_.find(id);
  if (found != where_.end()) where_.erase(found);
}

std::vector<std::string> IdList::list() const {
  std::vector<std::pair<std::uint64_t, const std::string*>> order;
  for (const auto& [id, place] : where_) order.emplace_back(place, &id);
  std::sort(order.begin(), order.end());
  std::vector<std::string> ids;
  for (const auto& [place, id] : order) ids.push_back(*id);
  return ids;
}

Accounts::Accounts(const Registry& registry, Store& store,
                   std::function<void(const std::string&)> finished)
    : registry_(registry), store_(store), finished_(std::move(finished)) {}

const Engine* Accounts::engine_of(std::string_view uuid) {
  return uuid.empty() ? nullptr : registry_.find(std::string(uuid));
}

void Accounts::add_request(std::string_view id, const wire::Header& header,
                           const net::MessageEvent& message, net::Frames& buffers,
                           const char* queue) {
  states_.set(id, static_cast<std::uint32_t>(TaskState::pending));
  pending_.add(id);
  if (!store_.keeps()) return;
  store_.update(id, [&](Record& record) {
    keep(record.header, message.view.header);
    keep(record.metadata, message.view.metadata);
    keep(record.content, message.view.content);
    keep(record.client_uuid, header.session);
    keep(record.queue, queue);
    if (!record.submitted) record.submitted = time_of(header.date);
    if (!record.submitted) record.submitted = unix_now();
    record.completed.reset();
    record.drops_buffers = moves_data(header.msg_type);
    if (!record.has_buffers && !record.drops_buffers) {
      record.buffers = copy(buffers);
      record.has_buffers = true;
    }
    if (message.view.metadata.find("\"label\"") != std::string_view::npos) {
      constexpr std::array<std::string_view, 1> kLabel{"label"};
      std::array<std::string_view, 1> label;
      parser_.raw_fields(message.view.metadata, kLabel, label);
      record.label = label[0] == "null" ? "" : label[0];
    }
    if (!message.engine.empty()) record.engine_uuid = message.engine, record.has_engine = true;
  });
}

void Accounts::add_result(std::string_view id, const net::MessageEvent& message,
                          net::Frames& buffers) {
  if (!store_.keeps()) return;
  constexpr std::array<std::string_view, 2> kMetadata{"started", "engine"};
  constexpr std::array<std::string_view, 1> kHeader{"date"};
  std::array<std::string_view, 2> metadata;
  std::array<std::string_view, 1> header;
  parser_.raw_fields(message.view.metadata, kMetadata, metadata);
  date_parser_.raw_fields(message.view.header, kHeader, header);
  store_.update(id, [&](Record& record) {
    record.result_header = message.view.header;
    record.result_metadata = message.view.metadata;
    record.result_content = message.view.content;
    if (!record.drops_buffers) record.result_buffers = copy(buffers);
    record.has_result_buffers = !record.drops_buffers;
    record.started = time_of(metadata[0]);
    record.completed = time_of(header[0]);
    if (!record.completed) record.completed = unix_now();
    record.received = unix_now();
    record.engine_uuid =
        metadata[1].size() > 1 ? metadata[1].substr(1, metadata[1].size() - 2) : "";
    record.has_engine = true;
  });
}

TaskState Accounts::result_state(std::string_view metadata) {
  constexpr std::array<std::string_view, 1> kStatus{"status"};
  std::array<std::string_view, 1> status;
  parser_.raw_fields(metadata, kStatus, status);
  return status[0] == R"("ok")"        ? TaskState::ok
         : status[0] == R"("aborted")" ? TaskState::aborted
                                       : TaskState::error;
}

void Accounts::end(std::string_view id, TaskState state) {
  pending_.remove(id);
  states_.set(id, static_cast<std::uint32_t>(state));
}

void Accounts::mux_request(const net::MessageEvent& message, net::Frames& buffers) {
  const Engine* engine = engine_of(message.engine);
  const auto header = header_parser_.header(message.view.header);
  if (engine == nullptr || !header) return;
  add_request(header->msg_id, *header, message, buffers, "mux");
  engines_[engine->id].queue.add(header->msg_id);
}

void Accounts::mux_reply(const net::MessageEvent& message, net::Frames& buffers) {
  const Engine* engine = engine_of(message.engine);
  const auto parent = header_parser_.header(message.view.parent);
  if (engine == nullptr || !parent || state(parent->msg_id) == TaskState::unknown) return;
  const std::string id(parent->msg_id);
  const bool first = !is_finished(id);
  if (first) {
    const TaskState result = result_state(message.view.metadata);
    end(id, result);
    auto& account = engines_[engine->id];
    account.queue.remove(id);
    account.completed.push_back(id);
    if (result == TaskState::error) ++account.failed;
  }
  add_result(id, message, buffers);
  if (first) finished_(id);
}

void Accounts::task_request(const net::MessageEvent& message, net::Frames& buffers) {
  const auto header = header_parser_.header(message.view.header);
  if (!header) return;
  unassigned_.add(header->msg_id);
  add_request(header->msg_id, *header, message, buffers, "task");
}

void Accounts::task_assigned(std::string_view msg_id, std::string_view uuid) {
  unassigned_.remove(msg_id);
  const Engine* engine = engine_of(uuid);
  if (engine == nullptr) return;
  std::string id(msg_id);
  const auto [at, is_new] = tasks_at_.try_emplace(id, engine->id);
  if (!is_new) engines_[std::exchange(at->second, engine->id)].tasks.remove(id);
  engines_[engine->id].tasks.add(id);
  if (!store_.keeps() || store_.find(id) == nullptr) return;
  store_.update(id, [&](Record& record) {
    record.engine_uuid = uuid;
    record.has_engine = true;
  });
}

void Accounts::task_reply(const net::MessageEvent& message, net::Frames& buffers) {
  const auto parent = header_parser_.header(message.view.parent);
  if (!parent) return;
  const std::string id(parent->msg_id);
  const TaskState result = result_state(message.view.metadata);
  unassigned_.remove(id);
  const bool first = !is_finished(id);
  end(id, result);
  if (auto at = tasks_at_.extract(id); !at.empty()) engines_[at.mapped()].tasks.remove(id);
  if (const Engine* engine = engine_of(message.engine); engine != nullptr) {
    auto& account = engines_[engine->id];
    if (result != TaskState::aborted) account.completed.push_back(id);
    if (result == TaskState::error) ++account.failed;
  }
  add_result(id, message, buffers);
  if (first) finished_(id);
}

void Accounts::output(const net::MessageEvent& message) {
  const auto header = header_parser_.header(message.view.header);
  const auto parent = parser_.header(message.view.parent);
  if (!header || !parent || !store_.keeps()) return;
  const std::string_view type = header->msg_type;
  if (type != "stream" && type != "error" && type != "execute_input" && type != "execute_result")
    return;
  const std::string_view content = message.view.content;
  store_.update(parent->msg_id, [&](Record& record) {
    if (type == "error") return void(record.error = content);
    if (type == "execute_result") return void(record.execute_result = content);
    const auto json = wire::parse_json(content);
    if (!json) return;
    if (type == "execute_input")
      record.execute_input = wire::dump_json(wire::string_or(*json, "code"));
    else
      (wire::string_or(*json, "name") == "stderr" ? record.err : record.out) +=
          wire::string_or(*json, "text");
  });
}

void Accounts::stranded(const Engine& engine) {
  auto& account = engines_[engine.id];
  for (const auto& id : account.queue.list()) {
    account.queue.remove(id);
    end(id, TaskState::error);
    ++account.failed;
    const auto text =
        "Engine " + std::to_string(engine.id) + " died while running task '" + id + "'";
    const UnixMicros now = unix_now();
    store_.update(id, [&](Record& record) {
      record.result_content = wire::error_content("EngineError", text);
      record.result_header = wire::dump_json({{"engine", engine.uuid}, {"date", iso8601(now)}});
      record.result_metadata = wire::dump_json({{"engine", engine.uuid}, {"status", "error"}});
      record.has_result_buffers = true;
      record.completed = record.received = now;
      record.engine_uuid = engine.uuid;
    });
    finished_(id);
  }
}

}  // namespace ipc::hub
