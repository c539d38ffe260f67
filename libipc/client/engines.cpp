// SPDX-License-Identifier: BSD-3-Clause
// The engines there are, and those there were.
#include "libipc/client/engines.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "libipc/util/clock.hpp"
#include "libipc/util/idset.hpp"

namespace ipc::client {
namespace {

using wire::Json;

EngineInfo parse_facts(const Json& facts) {
  EngineInfo info;
  info.version = wire::string_or(facts, "version");
  info.host = wire::string_or(facts, "host");
  info.language = wire::string_or(facts, "language");
  info.language_version = wire::string_or(facts, "language_version");
  info.kernel = wire::string_or(facts, "kernel");
  info.cwd = wire::string_or(facts, "cwd");
  info.started = wire::string_or(facts, "started");
  info.launch_id = wire::string_or(facts, "launch_id");
  info.pid = static_cast<pid_t>(wire::int_or(facts, "pid", 0));
  info.kernel_pid = static_cast<pid_t>(wire::int_or(facts, "kernel_pid", 0));
  // One that is a cluster takes as many as that has engines.
  const int64_t prefetch = wire::int_or(facts, "prefetch", 1);
  info.prefetch = static_cast<int>(std::clamp<int64_t>(prefetch, 0, 65536));
  return info;
}

std::vector<GoneEngine> parse_gone(const Json& list) {
  std::vector<GoneEngine> gone;
  for (const auto& entry : list)
    gone.push_back({static_cast<int>(wire::int_or(entry, "id", -1)), wire::string_or(entry, "uuid"),
                    wire::string_or(entry, "when"), wire::string_or(entry, "why")});
  return gone;
}

std::string describe_gone(const EngineTable& table) {
  std::vector<int> ids;
  for (const auto& gone : table.gone)
    if (gone.id >= 0 && !table.find(gone.id)) ids.push_back(gone.id);
  if (ids.empty()) return "";
  const GoneEngine& last = table.gone.back();
  std::string text = " (gone: " + format_idset(ids);
  if (!last.when.empty()) text += " since " + short_time(last.when);
  if (!last.why.empty()) text += ", " + last.why;
  return text + ")";
}

template <typename Wanted>
std::vector<int> pick(const EngineTable& table, const std::vector<int>& ids, Wanted wanted) {
  std::vector<int> picked;
  for (const int id : ids)
    if (const auto* info = table.find(id); info && wanted(*info)) picked.push_back(id);
  return picked;
}

// What an engine is that says nothing of itself.
EngineInfo assumed() {
  EngineInfo info;
  info.language = "python";
  info.kernel = "ipyparallel";
  return info;
}

}  // namespace

std::vector<int> EngineTable::ids() const {
  std::vector<int> list;
  for (const auto& [id, info] : engines) list.push_back(id);
  return list;
}

const EngineInfo* EngineTable::find(int id) const {
  const auto found = engines.find(id);
  return found == engines.end() ? nullptr : &found->second;
}

int EngineTable::id_of(std::string_view uuid) const {
  for (const auto& [id, info] : engines)
    if (info.uuid == uuid) return id;
  return -1;
}

EngineTable parse_engine_table(const Json& content) {
  EngineTable table;
  if (!content.is_object()) return table;
  const auto ours = content.find("ipkit");
  const Json facts =
      ours != content.end() && ours->is_object() ? ours->value("engines", Json()) : Json();
  const auto list = content.find("engines");
  if (list == content.end() || !list->is_object()) return table;
  for (const auto& [key, uuid] : list->items()) {
    int id = -1;
    const auto end = std::from_chars(key.data(), key.data() + key.size(), id).ptr;
    if (end != key.data() + key.size() || id < 0 || !uuid.is_string()) continue;
    EngineInfo info = assumed();
    if (facts.is_object() && facts.contains(key)) info = parse_facts(facts[key]);
    info.id = id;
    info.uuid = uuid;
    table.engines[id] = std::move(info);
  }
  if (ours != content.end() && ours->is_object() && ours->contains("gone"))
    table.gone = parse_gone((*ours)["gone"]);
  return table;
}

Error no_such_engine(const EngineTable& table, const std::string& wanted) {
  const std::string there = format_idset(table.ids());
  return {Code::no_engine,
          "no engine " + wanted + ": there " +
              (table.engines.empty() ? "are none"
                                     : (table.engines.size() == 1 ? "is " : "are ") + there) +
              describe_gone(table),
          "see ipls"};
}

Status require_kernel(const EngineTable& table, const std::vector<int>& ids,
                      const std::string& name) {
  if (name.empty() || name == "python") return {};
  const auto guests = pick(table, ids, [](const EngineInfo& info) { return !info.is_ipkit(); });
  if (guests.empty()) return {};
  const std::string which = format_idset(guests);
  return Error{Code::no_engine,
               "engine " + which + " runs ipyparallel's engine: no " + name + " kernel",
               guests.size() < ids.size() ? "leave out the others: -x " + which
                                          : "ipkit's own have it, under ipkit's controller"};
}

Status require_one_form(const EngineTable& table, const std::vector<int>& ids) {
  const auto guests = pick(table, ids, [](const EngineInfo& info) { return !info.is_ipkit(); });
  const auto others = pick(table, ids, [](const EngineInfo& info) {
    return !info.language.empty() && info.language != "python";
  });
  if (guests.empty() || others.empty()) return {};
  return Error{Code::no_engine,
               "engine " + format_idset(others) + " is for " + table.find(others[0])->language +
                   ", and " + format_idset(guests) +
                   " runs ipyparallel's engine: no request fits both",
               "leave out one kind: -x " + format_idset(others)};
}

std::string short_time(const std::string& iso) {
  const auto time = parse_iso8601(iso);
  if (!time) return iso;
  const auto format = [](UnixMicros at, const char* pattern) {
    const std::time_t seconds = at / 1000000;
    std::tm fields{};
    ::localtime_r(&seconds, &fields);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, pattern, &fields));
  };
  const bool today = format(*time, "%F") == format(unix_now(), "%F");
  return format(*time, today ? "%H:%M" : "%F %H:%M");
}

}  // namespace ipc::client
