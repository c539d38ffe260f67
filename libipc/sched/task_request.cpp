// SPDX-License-Identifier: BSD-3-Clause
// What a task's header and metadata say to the scheduler.
#include "libipc/sched/task_request.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "libipc/wire/json.hpp"

namespace ipc::sched {
namespace {

using wire::Json;

enum Key : size_t { kAfter, kFollow, kTargets, kRetries, kTimeout, kConditions };
constexpr std::array<std::string_view, kConditions + 3> kNames{
    "after", "follow", "targets", "retries", "timeout", "kernel", "output", "extensions"};
// Kernels answer these, but not those of ipyparallel's engines: there nobody would.
constexpr std::array<std::string_view, 5> kOwnTypes{"map_request", "push_request", "pull_request",
                                                    "list_request", "clear_request"};

bool is_default(std::string_view text) {
  return text.empty() || text == "[]" || text == "0" || text == "0.0" || text == "null" ||
         text == "false";
}

// What is no string has no quotes to lose; what needs escapes is none of the words looked for.
std::string_view unquoted(std::string_view raw) {
  return raw.size() > 1 && raw.front() == '"' ? raw.substr(1, raw.size() - 2) : std::string_view();
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> result;
  if (list.is_string()) result.push_back(list.get<std::string>());
  if (!list.is_array()) return result;
  for (const auto& item : list)
    if (item.is_string()) result.push_back(item.get<std::string>());
  return result;
}

// False if it cannot be understood.
bool read_dependency(std::string_view text, Dependency& into) {
  if (is_default(text)) return true;
  const auto json = wire::parse_json(text, 8);
  if (!json) return false;
  if (json->is_object()) {
    const auto ids = json->find("dependencies");
    if (ids != json->end()) into.ids = strings(*ids);
    into.all = wire::bool_or(*json, "all", true);
    into.success = wire::bool_or(*json, "success", true);
    into.failure = wire::bool_or(*json, "failure", false);
  } else {
    into.ids = strings(*json);
  }
  std::sort(into.ids.begin(), into.ids.end());
  into.ids.erase(std::unique(into.ids.begin(), into.ids.end()), into.ids.end());
  return into.success || into.failure;
}

Duration read_timeout(std::string_view text) {
  const auto json = wire::parse_json(text, 4);
  if (!json || !json->is_number()) return Duration{0};
  const double number = json->get<double>();
  constexpr double kLongest = 1e9;     // thirty years; more would overflow the clock
  if (number < 0) return Duration{1};  // over before it began: it does not wait
  if (!(number > 0)) return Duration{0};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(number, kLongest)));
}

unsigned read_retries(std::string_view text) {
  const auto json = wire::parse_json(text, 4);
  if (!json || !json->is_number_integer() || *json < 0) return 0;
  return static_cast<unsigned>(std::min<std::uint64_t>(json->get<std::uint64_t>(), 1 << 20));
}

}  // namespace

std::unique_ptr<Conditions> read_conditions(wire::FieldParser& parser, std::string_view metadata,
                                            std::string_view msg_type, bool& is_ours) {
  is_ours = std::find(kOwnTypes.begin(), kOwnTypes.end(), msg_type) != kOwnTypes.end();
  std::array<std::string_view, kNames.size()> found;
  if (!parser.raw_fields(metadata, kNames, found)) {
    // An engine would drop it without a word, and be thought to work on it for ever.
    auto unreadable = std::make_unique<Conditions>();
    unreadable->invalid = true;
    return unreadable;
  }
  const auto own = found.begin() + kConditions;
  is_ours = is_ours || !std::all_of(own, found.end(), is_default);
  if (std::all_of(found.begin(), own, is_default)) return nullptr;
  auto conditions = std::make_unique<Conditions>();
  conditions->invalid = !read_dependency(found[kAfter], conditions->after) ||
                        !read_dependency(found[kFollow], conditions->follow);
  if (const auto targets = wire::parse_json(found[kTargets], 4))
    conditions->targets = strings(*targets);
  conditions->retries = read_retries(found[kRetries]);
  conditions->timeout = read_timeout(found[kTimeout]);
  return conditions;
}

ReplyFacts read_reply(wire::FieldParser& parser, std::string_view metadata) {
  constexpr std::array<std::string_view, 3> kReply{"status", "dependencies_met", "started"};
  std::array<std::string_view, 3> found;
  ReplyFacts facts;
  if (!parser.raw_fields(metadata, kReply, found)) return facts;
  facts.status = unquoted(found[0]);
  facts.started = unquoted(found[2]);
  facts.has_status = !found[0].empty();
  facts.ok = facts.status == "ok";
  facts.aborted = facts.status == "aborted";
  facts.dependencies_met = found[1] != "false";
  return facts;
}

}  // namespace ipc::sched
