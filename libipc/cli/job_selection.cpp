// SPDX-License-Identifier: BSD-3-Clause
// Which records are meant.
#include "libipc/cli/job_selection.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <set>

#include "libipc/cli/jobs.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/client/history.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::EngineTable;
using ipc::wire::Json;

namespace {

struct Symbol {
  std::string_view text;
  Operator op;
};

// Longer ones first.
constexpr Symbol kSymbols[] = {
    {"<=", Operator::less_or_equal}, {">=", Operator::greater_or_equal},
    {"!=", Operator::unequal},       {"!~", Operator::unlike},
    {"==", Operator::equal},         {"=", Operator::equal},
    {"<", Operator::less},           {">", Operator::greater},
    {"~", Operator::like},
};

bool is_order(Operator op) {
  return op != Operator::equal && op != Operator::unequal && op != Operator::like &&
         op != Operator::unlike;
}

// Today's date in front of a time of day.
std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  ::localtime_r(&now, &fields);
  char text[16];
  return std::string(text, std::strftime(text, sizeof text, "%F", &fields));
}

// A day, a time of today, both, ISO 8601, or so long ago.
Result<double> parse_time(const std::string& text) {
  if (const auto ago = ipc::parse_duration(text); ago)
    return static_cast<double>(ipc::unix_now()) -
           std::chrono::duration<double, std::micro>(*ago).count();
  std::string iso = text;
  std::replace(iso.begin(), iso.end(), ' ', 'T');
  if (iso.size() == 10) iso += "T00:00:00";
  if (iso.find('T') == std::string::npos) iso = today() + "T" + iso;
  if (iso.size() == 16) iso += ":00";
  if (const auto time = ipc::parse_iso8601(iso)) return static_cast<double>(*time);
  return Error{Code::usage, "'" + text + "' is not a time",
               "write 2026-11-01, 14:30, '2026-11-01 14:30', or how long ago: 1d, 2h, 30m"};
}

Result<double> parse_number(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  if (const auto duration = ipc::parse_duration(text))
    return std::chrono::duration<double>(*duration).count();
  return Error{Code::usage, "'" + text + "' is not a number", ""};
}

ipc::Status read_value(Condition& condition) {
  const ColumnKind kind = condition.column->kind;
  if (condition.op == Operator::like || condition.op == Operator::unlike) return {};
  if (condition.value.empty() || kind == ColumnKind::text) return {};
  if (condition.column->name == "engine" && !is_order(condition.op)) {
    IPC_TRY_ASSIGN(condition.engines, ipc::parse_idset(condition.value));
    return {};
  }
  IPC_TRY_ASSIGN(condition.number, kind == ColumnKind::time ? parse_time(condition.value)
                                                            : parse_number(condition.value));
  return {};
}

// Less than 0, 0, more than 0.
double compare(const Condition& condition, const Json& value) {
  if (condition.column->kind == ColumnKind::time) {
    const auto time = ipc::parse_iso8601(plain_text(value));
    return time ? static_cast<double>(*time) - condition.number : -1;
  }
  if (condition.column->kind == ColumnKind::number)
    return (value.is_number() ? value.get<double>() : 0) - condition.number;
  return plain_text(value).compare(condition.value);
}

bool is_equal(const Condition& condition, const Json& value) {
  if (condition.value.empty()) return plain_text(value).empty();
  if (value.is_null()) return false;
  if (condition.engines.empty()) return compare(condition, value) == 0;
  const auto& ids = condition.engines;
  return value.is_number_integer() &&
         std::find(ids.begin(), ids.end(), value.get<int>()) != ids.end();
}

bool is_like(const Condition& condition, const Json& value) {
  return !value.is_null() && ::fnmatch(condition.value.c_str(), plain_text(value).c_str(), 0) == 0;
}

// The hub's word for an operator and its value; null if it is not for the hub.
Json for_hub(const Condition& condition) {
  if (condition.column->kind != ColumnKind::time || condition.value.empty()) return {};
  const char* op = condition.op == Operator::less               ? "$lt"
                   : condition.op == Operator::less_or_equal    ? "$lte"
                   : condition.op == Operator::greater          ? "$gt"
                   : condition.op == Operator::greater_or_equal ? "$gte"
                                                                : nullptr;
  if (op == nullptr) return {};
  Json words = Json::object();
  words[op] = ipc::iso8601(static_cast<ipc::UnixMicros>(condition.number));
  return words;
}

void sort_by_time(std::vector<Json>& records) {
  std::vector<std::pair<ipc::UnixMicros, size_t>> order;
  for (const auto& record : records) {
    const auto time = ipc::parse_iso8601(ipc::wire::string_or(record, "submitted"));
    order.emplace_back(time ? *time : 0, order.size());
  }
  std::sort(order.begin(), order.end());
  std::vector<Json> sorted;
  sorted.reserve(records.size());
  for (const auto& [time, index] : order) sorted.push_back(std::move(records[index]));
  records = std::move(sorted);
}

// Adds `keys` to records, some thousand at a time: neither side has all of it in one message, and
// the hub has time for others in between.
ipc::Status complete(ipc::client::Connection& connection, const std::vector<std::string>& keys,
                     std::vector<Json>& records, bool quiet) {
  constexpr size_t kAtATime = 2000;
  Meter meter(connection.loop(), records.size(), false, quiet);
  for (size_t begin = 0; begin < records.size(); begin += kAtATime) {
    const size_t end = std::min(begin + kAtATime, records.size());
    std::map<std::string, Json*> by_id;
    for (size_t i = begin; i < end; ++i)
      by_id[ipc::wire::string_or(records[i], "msg_id")] = &records[i];
    Json ids = Json::array();
    for (const auto& [id, record] : by_id) ids.push_back(id);
    IPC_TRY_ASSIGN(auto more, ipc::client::find_records(
                                  connection, {{"msg_id", {{"$in", std::move(ids)}}}}, keys));
    for (auto& record : more)
      if (const auto found = by_id.find(ipc::wire::string_or(record, "msg_id"));
          found != by_id.end())
        found->second->update(record);
    meter.count(end);
  }
  return {};
}

}  // namespace

bool Condition::holds(const Json& record, const EngineTable& table) const {
  const Json known = column->value(record, table);
  if (op == Operator::equal || op == Operator::unequal)
    return is_equal(*this, known) == (op == Operator::equal);
  if (op == Operator::like || op == Operator::unlike)
    return is_like(*this, known) == (op == Operator::like);
  if (known.is_null()) return false;
  const double order = compare(*this, known);
  return op == Operator::less            ? order < 0
         : op == Operator::less_or_equal ? order <= 0
         : op == Operator::greater       ? order > 0
                                         : order >= 0;
}

bool Selection::holds(const Json& record, const EngineTable& table) const {
  if (by_id &&
      std::find(ids.begin(), ids.end(), ipc::wire::string_or(record, "msg_id")) == ids.end())
    return false;
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const Condition& c) { return c.holds(record, table); });
}

Json Selection::hub_query(bool understands_order) const {
  Json whole = query.is_null() ? Json::object() : query;
  if (by_id && !whole.contains("msg_id")) whole["msg_id"] = {{"$in", ids}};
  if (by_id || !understands_order) return whole;
  for (const auto& condition : conditions) {
    const Json words = for_hub(condition);
    const std::string key(condition.column->name);
    if (words.is_object() && !whole.contains(key)) whole[key] = words;
  }
  return whole;
}

Result<Condition> parse_condition(const std::string& text) {
  const size_t at = text.find_first_of("<>=!~");
  const auto symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](const Symbol& s) {
    return at != std::string::npos && text.compare(at, s.text.size(), s.text) == 0;
  });
  if (symbol == std::end(kSymbols))
    return Error{Code::usage, "--where: '" + text + "' is no condition",
                 "write KEY=VALUE, or one of != < <= > >= ~ (pattern) !~"};
  IPC_TRY_ASSIGN(const Column* column,
                 find_column(ipc::trim(std::string_view(text).substr(0, at))));
  Condition condition{
      column,
      symbol->op,
      std::string(ipc::trim(std::string_view(text).substr(at + symbol->text.size()))),
      0,
      {}};
  // The bare id is one, too.
  if (column->name == "id" && !is_order(condition.op) && !condition.value.empty() &&
      !condition.value.starts_with(ipc::cli::kJobPrefix) &&
      (condition.op == Operator::equal || condition.op == Operator::unequal))
    condition.value = ipc::cli::job_word(condition.value);
  IPC_TRY(read_value(condition));
  return condition;
}

Result<Selection> parse_selection(const ipc::cli::Arguments& arguments) {
  Selection selection;
  for (const auto& text : arguments.all("where")) {
    if (!ipc::trim(text).starts_with("{")) {
      IPC_TRY_ASSIGN(selection.conditions.emplace_back(), parse_condition(text));
      continue;
    }
    const auto query = ipc::wire::parse_json(text);
    if (!query || !query->is_object())
      return Error{Code::usage, "--where: '" + text + "' is not a JSON object", ""};
    if (!selection.query.is_null())
      return Error{Code::usage, "--where: two queries in JSON", "put them into one"};
    selection.query = *query;
  }
  for (const auto& [option, op] : {std::pair{"since", ">="}, std::pair{"until", "<"}})
    if (const auto time = arguments.get(option)) {
      IPC_TRY_ASSIGN(selection.conditions.emplace_back(),
                     parse_condition(std::string("submitted") + op + *time));
    }
  if (arguments.has("failed")) {
    IPC_TRY_ASSIGN(selection.conditions.emplace_back(), parse_condition("status=error"));
  }
  selection.by_id = !arguments.operands.empty();
  if (selection.by_id) {
    IPC_TRY_ASSIGN(selection.ids, ipc::cli::parse_jobs(arguments.operands));
  }
  return selection;
}

Result<ChosenJobs> choose_jobs(ipc::client::Connection& connection, const Selection& selection,
                               const std::vector<std::string>& keys, long newest, bool quiet) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  // Where records are ipyparallel's there may be no labels, and < and > are mixed up.
  const bool ours = connection.file().is_ipkit();
  std::set<std::string> first = {"submitted"}, rest(keys.begin(), keys.end());
  for (const auto& condition : selection.conditions)
    first.insert(condition.column->keys.begin(), condition.column->keys.end());
  if (!ours) first.erase("label"), rest.erase("label");
  for (const auto& key : first) rest.erase(key);
  ChosenJobs chosen;
  IPC_TRY_ASSIGN(chosen.records, ipc::client::find_records(connection, selection.hub_query(ours),
                                                           {first.begin(), first.end()}));
  auto& records = chosen.records;
  if (selection.by_id && selection.query.is_null()) {
    std::set<std::string> missing(selection.ids.begin(), selection.ids.end());
    for (const auto& record : records) missing.erase(ipc::wire::string_or(record, "msg_id"));
    chosen.missing.assign(missing.begin(), missing.end());
  }
  std::erase_if(records, [&](const Json& record) {
    // Output without a request makes a record that is no job.
    return ipc::wire::string_or(record, "submitted").empty() || !selection.holds(record, *table);
  });
  sort_by_time(records);
  const auto most = static_cast<size_t>(newest);
  if (newest >= 0 && records.size() > most)
    records.erase(records.begin(), records.end() - static_cast<std::ptrdiff_t>(most));
  if (!rest.empty()) IPC_TRY(complete(connection, {rest.begin(), rest.end()}, records, quiet));
  return chosen;
}

}  // namespace ipc::cli
