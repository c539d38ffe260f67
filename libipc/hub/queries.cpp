// SPDX-License-Identifier: BSD-3-Clause
// Answers to what clients ask the hub.
#include "libipc/hub/queries.hpp"

#include <algorithm>
#include <set>

#include "libipc/util/memory.hpp"
#include "libipc/wire/errors.hpp"

namespace ipc::hub {
namespace {

using wire::Json;

constexpr const char* kNoData = "NoDB backend doesn't store any data. ";

// The engines a `targets` names; what is unknown goes to `bad`.
std::vector<EngineId> find_targets(const Accounts& accounts, const Registry& registry,
                                   const Json& targets, Json& bad) {
  std::vector<EngineId> ids;
  bad = Json::array();
  if (targets.is_null()) {
    for (const auto& [id, account] : accounts.engines()) ids.push_back(id);
    return ids;
  }
  for (const auto& target : targets.is_array() ? targets : Json::array({targets})) {
    if (target.is_string()) {
      const Engine* engine = registry.find(target.get<std::string>());
      if (engine != nullptr)
        ids.push_back(engine->id);
      else
        bad.push_back(target);
    } else if (target.is_number_integer() && accounts.engines().contains(target.get<EngineId>())) {
      ids.push_back(target.get<EngineId>());
    } else {
      bad.push_back(target);
    }
  }
  return ids;
}

// The engines a request is about, or what is wrong with them.
std::optional<Answer> read_targets(const Accounts& accounts, const Registry& registry,
                                   const Json& content, std::vector<EngineId>& ids) {
  const auto targets = content.find("targets");
  if (targets == content.end()) return key_error("hub_error", "targets");
  Json bad;
  ids = find_targets(accounts, registry, *targets, bad);
  if (!bad.empty())
    return error_answer("hub_error", "IndexError", "No Such Engine: " + list_repr(bad));
  if (ids.empty() && !targets->is_null())
    return error_answer("hub_error", "IndexError", "No Engines Registered");
  return {};
}

Json ok() {
  return {{"status", "ok"}};
}

Json facts(const Accounts& accounts, const Registry& registry, const std::vector<EngineId>& ids,
           double uptime) {
  Json engines = Json::object();
  for (const EngineId id : ids) {
    const auto& account = accounts.engines().at(id);
    const char* state = registry.find(id) == nullptr        ? "gone"
                        : account.queue + account.tasks > 0 ? "busy"
                                                            : "idle";
    engines[std::to_string(id)] = {{"queue", account.queue},
                                   {"tasks", account.tasks},
                                   {"completed", account.completed},
                                   {"failed", account.failed},
                                   {"state", state}};
  }
  return {{"unassigned", accounts.without_engine()},
          {"engines", std::move(engines)},
          {"version", accounts.version()},
          {"rss", resident_bytes()},
          {"uptime", uptime}};
}

Json result_of(const Record& record) {
  bool known = true;
  Json io = Json::object(), result = Json::object();
  for (const char* key : {"execute_input", "execute_result", "error", "stdout", "stderr"})
    io[key] = record.get(key, known);
  for (const char* key :
       {"header", "metadata", "result_metadata", "result_header", "result_content", "received"})
    result[key] = record.get(key, known);
  result["io"] = std::move(io);
  // Whoever asks for a value must not take nothing for it.
  if (!record.has_result_buffers &&
      wire::string_or(result["header"], "msg_type") == "apply_request" &&
      wire::string_or(result["result_content"], "status") == "ok")
    result["result_content"] =
        error_answer("", "ResultNotKept",
                     "the result was too large for the task records; only who asked for it had it")
            .content;
  return result;
}

}  // namespace

std::string list_repr(const Json& list) {
  std::string text = "[";
  for (const auto& item : list) {
    if (text.size() > 1) text += ", ";
    text += item.is_string() ? wire::python_repr(item.get<std::string>()) : item.dump();
  }
  return text + "]";
}

Answer error_answer(std::string type, std::string_view ename, std::string_view evalue) {
  auto content = wire::parse_json(wire::error_content(ename, evalue));
  return {std::move(type), content ? *std::move(content) : Json::object(), {}};
}

Answer key_error(std::string type, std::string_view text) {
  return error_answer(std::move(type), "KeyError", wire::python_repr(text));
}

Answer no_data(std::string type) {
  return error_answer(std::move(type), "NoData", kNoData);
}

bool read_ids(const Json& value, std::vector<std::string>& ids) {
  if (value.is_string()) return ids.push_back(value.get<std::string>()), true;
  if (!value.is_array()) return false;
  for (const auto& id : value) {
    if (!id.is_string()) return false;
    ids.push_back(id.get<std::string>());
  }
  return true;
}

Answer connection_answer(const Registry& registry, const std::string& version, long pid) {
  Json engines = Json::object(), ours = Json::object(), gone = Json::array();
  for (const auto& [id, engine] : registry.engines()) {
    engines[std::to_string(id)] = engine.uuid;
    if (!engine.facts.is_null()) ours[std::to_string(id)] = engine.facts;
  }
  for (const auto& engine : registry.gone())
    gone.push_back({{"id", engine.id},
                    {"uuid", engine.uuid},
                    {"when", iso8601(engine.when)},
                    {"why", engine.why}});
  Json content = ok();
  content["engines"] = std::move(engines);
  content["ipkit"] = {{"version", version}, {"pid", pid}, {"engines", ours}, {"gone", gone}};
  return {"connection_reply", std::move(content), {}};
}

Answer queue_answer(const Accounts& accounts, const Registry& registry, const Json& content,
                    double uptime) {
  std::vector<EngineId> ids;
  if (auto refusal = read_targets(accounts, registry, content, ids)) return *std::move(refusal);
  const bool verbose = wire::bool_or(content, "verbose", false);
  const bool ours = wire::bool_or(content, "ipkit", false);
  // Who asks again and again wants to hear of changes only.
  if (const auto since = wire::int_or(content, "since", -1); ours && since >= 0)
    std::erase_if(ids, [&](EngineId id) {
      return accounts.engines().at(id).changed <= static_cast<std::uint64_t>(since);
    });
  OpenIds open = verbose ? accounts.open_ids() : OpenIds{};
  Json reply = ok();
  for (const EngineId id : ids) {
    const auto& account = accounts.engines().at(id);
    if (verbose)
      reply[std::to_string(id)] = {
          {"queue", open.direct[id]}, {"completed", account.recent}, {"tasks", open.balanced[id]}};
    else
      reply[std::to_string(id)] = {
          {"queue", account.queue}, {"completed", account.completed}, {"tasks", account.tasks}};
  }
  reply["unassigned"] = verbose ? Json(open.unassigned) : Json(accounts.unassigned());
  if (ours) reply["ipkit"] = facts(accounts, registry, ids, uptime);
  return {"queue_reply", std::move(reply), {}};
}

Answer load_answer(const Accounts& accounts, const Registry& registry, const Json& content) {
  std::vector<EngineId> ids;
  if (auto refusal = read_targets(accounts, registry, content, ids)) return *std::move(refusal);
  Json reply = ok();
  for (const EngineId id : ids) {
    const auto& account = accounts.engines().at(id);
    reply[std::to_string(id)] = account.queue + account.tasks;
  }
  return {"load_reply", std::move(reply), {}};
}

Answer result_answer(Accounts& accounts, const Json& content) {
  std::vector<std::string> list;
  if (!content.contains("msg_ids")) return key_error("hub_error", "msg_ids");
  if (!read_ids(content["msg_ids"], list))
    return error_answer("hub_error", "TypeError", "msg_ids must be a list of strings");
  const std::set<std::string> ids(list.begin(), list.end());
  const bool status_only = wire::bool_or(content, "status_only", false);
  Json reply = ok(), pending = Json::array(), completed = Json::array();
  Answer answer{"result_reply", {}, {}};
  for (const auto& id : ids) {
    const TaskState state = accounts.state(id);
    if (state == TaskState::pending) {
      pending.push_back(id);
      continue;
    }
    if (state == TaskState::unknown && status_only)
      return key_error("result_reply", "No such message: " + id);
    if (!status_only) {
      if (!accounts.store().keeps()) return no_data("result_reply");
      const Record* record = accounts.store().find(id);
      if (record == nullptr)
        return state == TaskState::unknown ? key_error("result_reply", "No such message: " + id)
                                           : key_error("hub_error", id);
      if (!record->completed) {
        pending.push_back(id);
        continue;
      }
      reply[id] = result_of(*record);
      for (const auto& buffer : record->result_buffers) answer.buffers.push_back(buffer.share());
    }
    completed.push_back(id);
  }
  reply["pending"] = std::move(pending);
  reply["completed"] = std::move(completed);
  answer.content = std::move(reply);
  return answer;
}

Answer history_answer(Accounts& accounts) {
  if (!accounts.store().keeps()) return no_data("history_reply");
  Json content = ok();
  content["history"] = accounts.store().history();
  return {"history_reply", std::move(content), {}};
}

Answer purge_answer(Accounts& accounts, const Registry& registry, const Json& content) {
  Store& store = accounts.store();
  const Json msg_ids = content.value("msg_ids", Json(nullptr));
  if (msg_ids == "all") {
    store.drop({{"completed", "$ne", nullptr}});
    return {"purge_reply", ok(), {}};
  }
  std::vector<std::string> ids;
  if (!msg_ids.is_null() && !read_ids(msg_ids, ids))
    return error_answer("purge_reply", "TypeError", "msg_ids must be a list of strings");
  for (const auto& id : ids)
    if (accounts.state(id) == TaskState::pending)
      return error_answer("purge_reply", "IndexError", "msg pending: " + wire::python_repr(id));
  if (!ids.empty()) store.drop({{"msg_id", "$in", ids}});
  const Json engines = content.value("engine_ids", Json::array());
  for (const auto& id : engines.is_array() ? engines : Json::array({engines})) {
    const Engine* engine = id.is_number_integer() ? registry.find(id.get<EngineId>()) : nullptr;
    if (engine == nullptr && !id.is_null())
      return error_answer("purge_reply", "IndexError", "No such engine: " + id.dump());
    if (engine == nullptr) continue;
    store.drop({{"completed", "$ne", nullptr}, {"engine_uuid", "$eq", engine->uuid}});
  }
  return {"purge_reply", ok(), {}};
}

}  // namespace ipc::hub
