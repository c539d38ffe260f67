// SPDX-License-Identifier: BSD-3-Clause
// Target expressions: which engines a command means.
#include "libipc/cli/targets.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

#include "libipc/util/hostlist.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

constexpr int kGroupDepth = 8;

Error unreadable(std::string_view term) {
  return {Code::usage, "target '" + std::string(term) + "' cannot be read",
          "write all, 3, 0-3,7, -1, ::2, host:n[01-04], lang:python or @group"};
}

bool parse_int(std::string_view text, long& value) {
  if (text.empty() || text.size() > 10 || text[0] == '+') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Looks terms up in the engines there are and the groups.
class Lookup {
 public:
  Lookup(const client::EngineTable& table, const Groups& groups) : table_(table), groups_(groups) {}
  Status add(const std::string& text, std::set<int>& chosen, int depth = 0) const;

 private:
  Status add_term(std::string_view term, std::set<int>& chosen, int depth) const;
  Status add_ids(std::string_view term, std::set<int>& chosen) const;
  Status add_slice(std::string_view term, std::set<int>& chosen) const;
  Status add_hosts(std::string_view term, std::set<int>& chosen) const;
  Status add_language(std::string_view term, std::set<int>& chosen) const;
  Status add_group(std::string_view term, std::set<int>& chosen, int depth) const;

  const client::EngineTable& table_;
  const Groups& groups_;
};

// Python's slice of the engines there are, by position.
Status Lookup::add_slice(std::string_view term, std::set<int>& chosen) const {
  const auto parts = split(term, ':');
  std::optional<long> fields[3];
  if (parts.size() > 3) return unreadable(term);
  for (size_t i = 0; i < parts.size(); ++i) {
    long value = 0;
    if (parts[i].empty()) continue;
    if (!parse_int(parts[i], value)) return unreadable(term);
    fields[i] = value;
  }
  const auto ids = table_.ids();
  const long count = static_cast<long>(ids.size());
  const long step = fields[2].value_or(1);
  if (step == 0) return unreadable(term);
  const auto place = [&](std::optional<long> field, long otherwise) {
    if (!field) return otherwise;
    const long at = *field < 0 ? *field + count : *field;
    return step > 0 ? std::clamp(at, 0L, count) : std::clamp(at, -1L, count - 1);
  };
  const long from = place(fields[0], step > 0 ? 0 : count - 1);
  const long to = place(fields[1], step > 0 ? count : -1);
  bool any = false;
  for (long at = from; step > 0 ? at < to : at > to; at += step) {
    chosen.insert(ids[static_cast<size_t>(at)]);
    any = true;
  }
  if (!any) return client::no_such_engine(table_, "in '" + std::string(term) + "'");
  return {};
}

// A host named without its domain matches too.
bool same_host(const std::string& host, const std::string& wanted) {
  return host == wanted ||
         (wanted.find('.') == std::string::npos && host.substr(0, host.find('.')) == wanted);
}

Status Lookup::add_hosts(std::string_view term, std::set<int>& chosen) const {
  IPC_TRY_ASSIGN(const auto hosts, expand_hostlist(term.substr(term.find(':') + 1)));
  for (const auto& host : hosts) {
    bool any = false;
    for (const auto& [id, engine] : table_.engines)
      if (same_host(engine.host, host)) chosen.insert(id), any = true;
    if (!any) return client::no_such_engine(table_, "on host " + host);
  }
  return {};
}

Status Lookup::add_language(std::string_view term, std::set<int>& chosen) const {
  const std::string language(term.substr(term.find(':') + 1));
  bool any = false;
  for (const auto& [id, engine] : table_.engines)
    if (::strcasecmp(engine.language.c_str(), language.c_str()) == 0) chosen.insert(id), any = true;
  if (!any) return client::no_such_engine(table_, "for language '" + language + "'");
  return {};
}

Status Lookup::add_ids(std::string_view term, std::set<int>& chosen) const {
  const auto known = table_.ids();
  if (term[0] == '-') {
    long back = 0;
    if (!parse_int(term, back) || back == 0) return unreadable(term);
    if (back < -static_cast<long>(known.size()))
      return client::no_such_engine(table_, std::string(term));
    chosen.insert(known[known.size() - static_cast<size_t>(-back)]);
    return {};
  }
  const auto ids = parse_idset(term);
  if (!ids) return unreadable(term);
  std::vector<int> absent;
  std::set_difference(ids->begin(), ids->end(), known.begin(), known.end(),
                      std::back_inserter(absent));
  if (!absent.empty()) return client::no_such_engine(table_, format_idset(absent));
  chosen.insert(ids->begin(), ids->end());
  return {};
}

Status Lookup::add_group(std::string_view term, std::set<int>& chosen, int depth) const {
  const auto group = groups_.find(std::string(term.substr(1)));
  if (group == groups_.end()) {
    std::string known;
    for (const auto& [name, meaning] : groups_) known += (known.empty() ? "@" : ", @") + name;
    return Error{Code::usage,
                 "no group " + std::string(term) + (known.empty() ? "" : ": there are " + known),
                 "groups are defined in the profile: groups: {gpu: 0-3}"};
  }
  if (depth >= kGroupDepth)
    return Error{Code::bad_profile, "group " + std::string(term) + " refers to itself", ""};
  return add(group->second, chosen, depth + 1);
}

Status Lookup::add_term(std::string_view term, std::set<int>& chosen, int depth) const {
  if (term.empty()) return unreadable(term);
  if (term == "all") {
    for (const int id : table_.ids()) chosen.insert(id);
    return {};
  }
  if (term[0] == '@') return add_group(term, chosen, depth);
  if (term.starts_with("host:")) return add_hosts(term, chosen);
  if (term.starts_with("lang:")) return add_language(term, chosen);
  if (term.find_first_not_of("0123456789-:") != std::string_view::npos) return unreadable(term);
  return term.find(':') != std::string_view::npos ? add_slice(term, chosen) : add_ids(term, chosen);
}

Status Lookup::add(const std::string& text, std::set<int>& chosen, int depth) const {
  const auto terms = split_outside_brackets(text);
  if (terms.empty()) return unreadable(text);
  for (const auto& term : terms) IPC_TRY(add_term(trim(term), chosen, depth));
  return {};
}

}  // namespace

TargetChoice target_choice(const Arguments& arguments) {
  TargetChoice choice;
  const char* setting = std::getenv("IPKIT_TARGETS");
  const auto given = arguments.get("targets");
  if (given)
    choice.targets = *given;
  else if (setting != nullptr && *setting != '\0')
    choice.targets = setting;
  choice.is_explicit = given || choice.targets != "all";
  choice.exclude = arguments.get_or("exclude", "");
  return choice;
}

Result<std::vector<int>> select_targets(const TargetChoice& choice,
                                        const client::EngineTable& table, const Groups& groups) {
  std::set<int> chosen, excluded;
  IPC_TRY(Lookup(table, groups).add(choice.targets, chosen));
  if (!choice.exclude.empty()) IPC_TRY(Lookup(table, groups).add(choice.exclude, excluded));
  for (const int id : excluded) chosen.erase(id);
  if (chosen.empty() && !excluded.empty())
    return Error{Code::no_engine,
                 "no engine is left: -x " + choice.exclude + " excludes all of " + choice.targets,
                 ""};
  return std::vector<int>(chosen.begin(), chosen.end());
}

}  // namespace ipc::cli
