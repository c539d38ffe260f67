// SPDX-License-Identifier: BSD-3-Clause
// db_request: records by a query.
#include <fnmatch.h>

#include <algorithm>

#include "libipc/hub/queries.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/errors.hpp"

namespace ipc::hub {
namespace {

using wire::Json;

// Times travel as text: those of a query are brought to the form records have.
Json normalized(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() < 19 || text[4] != '-' || text[10] != 'T') return value;
    const auto time = parse_iso8601(text);
    return time ? Json(iso8601(*time)) : value;
  }
  if (!value.is_array()) return value;
  Json list = Json::array();
  for (const auto& item : value) list.push_back(normalized(item));
  return list;
}

bool contains(const Json& list, const Json& value) {
  return list.is_array() && std::find(list.begin(), list.end(), value) != list.end();
}

// Text of times sorts like the times but for a missing fraction.
bool less(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) {
    const auto left = parse_iso8601(a.get_ref<const std::string&>());
    const auto right = parse_iso8601(b.get_ref<const std::string&>());
    if (left && right) return *left < *right;
  }
  return a < b;
}

bool is_comparable(const Json& a, const Json& b) {
  return (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
}

enum class Test { no, yes, unknown };

Test test(const std::string& op, const Json& value, const Json& wanted) {
  const auto verdict = [](bool yes) { return yes ? Test::yes : Test::no; };
  const bool ordered = is_comparable(value, wanted);
  if (op == "$eq") return verdict(value == wanted);
  if (op == "$ne") return verdict(value != wanted);
  if (op == "$lt") return verdict(ordered && less(value, wanted));
  if (op == "$gt") return verdict(ordered && less(wanted, value));
  if (op == "$lte") return verdict(ordered && !less(wanted, value));
  if (op == "$gte") return verdict(ordered && !less(value, wanted));
  if (op == "$in") return verdict(contains(wanted, value));
  if (op == "$nin") return verdict(!contains(wanted, value));
  if (op == "$exists")
    return verdict(wanted.is_boolean() && wanted.get<bool>() == !value.is_null());
  if (op == "$all")
    return verdict(value.is_array() && wanted.is_array() &&
                   std::all_of(wanted.begin(), wanted.end(),
                               [&](const Json& item) { return contains(value, item); }));
  if (op == "$mod") {
    if (!value.is_number_integer() || !wanted.is_array() || wanted.size() != 2) return Test::no;
    const int64_t divisor = wanted[0].is_number_integer() ? wanted[0].get<int64_t>() : 0;
    // By -1 nothing remains; of the lowest number that cannot even be computed.
    return verdict(divisor != 0 &&
                   (divisor == -1 ? 0 : value.get<int64_t>() % divisor) == wanted[1]);
  }
  if (op == "$glob")
    return verdict(value.is_string() && wanted.is_string() &&
                   ::fnmatch(wanted.get_ref<const std::string&>().c_str(),
                             value.get_ref<const std::string&>().c_str(), 0) == 0);
  return Test::unknown;
}

void add_buffers(const net::Frames& frames, Json& lens, net::Frames& into) {
  lens.push_back(frames.size());
  for (const auto& frame : frames) into.push_back(frame.share());
}

}  // namespace

Result<Query> read_query(const Json& object) {
  Query query;
  for (const auto& [field, value] : object.items()) {
    if (!value.is_object()) {
      query.push_back({field, "$eq", normalized(value)});
      continue;
    }
    for (const auto& [op, wanted] : value.items()) {
      if (test(op, nullptr, nullptr) == Test::unknown) return Error{Code::bad_input, op, ""};
      query.push_back({field, op, normalized(wanted)});
    }
  }
  return query;
}

bool matches(const Record& record, const Query& query) {
  return std::all_of(query.begin(), query.end(), [&](const Condition& c) {
    bool known = true;
    return test(c.op, record.get(c.field, known), c.wanted) == Test::yes;
  });
}

Answer db_answer(Accounts& accounts, const Json& content) {
  if (!accounts.store().keeps()) return no_data("db_reply");
  const Json object = content.value("query", Json::object());
  if (!object.is_object()) return error_answer("db_reply", "TypeError", "query must be an object");
  const auto query = read_query(object);
  if (!query) return key_error("db_reply", query.error().what);
  const Json keys = content.value("keys", Json(nullptr));
  std::vector<std::string> names;
  if (!keys.is_null() && !read_ids(keys, names))
    return error_answer("db_reply", "TypeError", "keys must be a list");
  if (names.empty()) names = record_keys();
  const auto wants = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const bool buffers = wants("buffers"), results = wants("result_buffers");
  std::erase(names, "buffers");
  std::erase(names, "result_buffers");
  if (std::find(names.begin(), names.end(), "msg_id") == names.end()) names.push_back("msg_id");

  Answer answer{"db_reply", {{"status", "ok"}}, {}};
  Json records = Json::array(), lens = Json::array(), result_lens = Json::array();
  std::string unknown;
  accounts.store().each(*query, [&](const Record& record) {
    Json fields = Json::object();
    for (const auto& name : names) {
      bool known = true;
      fields[name] = record.get(name, known);
      if (!known) unknown = name;
    }
    records.push_back(std::move(fields));
    if (buffers) add_buffers(record.buffers, lens, answer.buffers);
    if (results) add_buffers(record.result_buffers, result_lens, answer.buffers);
  });
  if (!unknown.empty()) return key_error("db_reply", unknown);
  answer.content["records"] = std::move(records);
  answer.content["buffer_lens"] = buffers ? std::move(lens) : Json(nullptr);
  answer.content["result_buffer_lens"] = results ? std::move(result_lens) : Json(nullptr);
  return answer;
}

}  // namespace ipc::hub
