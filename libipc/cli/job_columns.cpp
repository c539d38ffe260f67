// SPDX-License-Identifier: BSD-3-Clause
// What can be known of a job: columns to show, and what conditions are about.
#include "libipc/cli/job_columns.hpp"

#include <algorithm>

#include "libipc/cli/jobs.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

using ipc::client::EngineTable;
using ipc::wire::Json;
using ipc::wire::string_or;

namespace {

Json member(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object[key] : Json();
}

Json word(const std::string& id) {
  return id.empty() ? Json() : Json(ipc::cli::job_word(id));
}

Json engine(const Json& record, const EngineTable& table) {
  const int id = ipc::client::engine_of(table, record);
  return id < 0 ? Json() : Json(id);
}

// Seconds from one time to another.
Json between(const Json& record, const char* from, const char* to) {
  const auto begin = ipc::parse_iso8601(string_or(record, from));
  const auto end = ipc::parse_iso8601(string_or(record, to));
  return begin && end ? Json(static_cast<double>(*end - *begin) / 1e6) : Json();
}

Json error(const Json& record, const EngineTable&) {
  const Json content = member(record, "result_content");
  const auto outcome = ipc::client::outcome_of(string_or(content, "status"));
  if (!content.is_object() || outcome == ipc::client::Outcome::ok) return {};
  return ipc::client::summary(ipc::client::error_of(content, outcome));
}

/// The name of a key, as a template's argument.
template <size_t N>
struct Key {
  char text[N];
  consteval Key(const char (&name)[N]) { std::copy_n(name, N, text); }
};

template <Key key>
Json plain(const Json& record, const EngineTable&) {
  return member(record, key.text);
}

template <Key part, Key key>
Json nested(const Json& record, const EngineTable&) {
  return member(member(record, part.text), key.text);
}

}  // namespace

std::string status_of(const Json& record) {
  if (member(record, "completed").is_null()) return "pending";
  const std::string status = string_or(member(record, "result_metadata"), "status");
  // A task that was given up has no metadata.
  return status.empty() ? "error" : status == "ok" || status == "aborted" ? status : "error";
}

const std::vector<Column>& all_columns() {
  static const std::vector<Column> columns = {
      {"id", ColumnKind::text, {}, [](auto& r, auto&) { return word(string_or(r, "msg_id")); }},
      {"engine", ColumnKind::number, {"engine_uuid", "result_metadata"}, engine},
      {"status",
       ColumnKind::text,
       {"completed", "result_metadata"},
       [](auto& r, auto&) { return Json(status_of(r)); }},
      {"submitted", ColumnKind::time, {}, plain<"submitted">},
      {"started", ColumnKind::time, {"started"}, plain<"started">},
      {"completed", ColumnKind::time, {"completed"}, plain<"completed">},
      {"received", ColumnKind::time, {"received"}, plain<"received">},
      {"waited",
       ColumnKind::number,
       {"started"},
       [](auto& r, auto&) { return between(r, "submitted", "started"); }},
      {"duration",
       ColumnKind::number,
       {"started", "completed"},
       [](auto& r, auto&) { return between(r, "started", "completed"); }},
      {"queue", ColumnKind::text, {"queue"}, plain<"queue">},
      {"request", ColumnKind::text, {"header"}, nested<"header", "msg_type">},
      {"user", ColumnKind::text, {"header"}, nested<"header", "username">},
      {"client", ColumnKind::text, {"client_uuid"}, plain<"client_uuid">},
      {"label", ColumnKind::text, {"label"}, plain<"label">},
      {"code", ColumnKind::text, {"content"}, nested<"content", "code">},
      {"error", ColumnKind::text, {"result_content"}, error},
      {"stdout", ColumnKind::text, {"stdout"}, plain<"stdout">},
      {"stderr", ColumnKind::text, {"stderr"}, plain<"stderr">},
      {"resubmitted",
       ColumnKind::text,
       {"resubmitted"},
       [](auto& r, auto&) { return word(string_or(r, "resubmitted")); }},
      {"msg_id", ColumnKind::text, {}, plain<"msg_id">},
      {"header", ColumnKind::text, {"header"}, plain<"header">},
      {"metadata", ColumnKind::text, {"metadata"}, plain<"metadata">},
      {"content", ColumnKind::text, {"content"}, plain<"content">},
      {"client_uuid", ColumnKind::text, {"client_uuid"}, plain<"client_uuid">},
      {"engine_uuid", ColumnKind::text, {"engine_uuid"}, plain<"engine_uuid">},
      {"result_header", ColumnKind::text, {"result_header"}, plain<"result_header">},
      {"result_metadata", ColumnKind::text, {"result_metadata"}, plain<"result_metadata">},
      {"result_content", ColumnKind::text, {"result_content"}, plain<"result_content">},
      {"execute_input", ColumnKind::text, {"execute_input"}, plain<"execute_input">},
      {"execute_result", ColumnKind::text, {"execute_result"}, plain<"execute_result">},
  };
  return columns;
}

ipc::Result<const Column*> find_column(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& column : all_columns()) {
    if (column.name == name) return &column;
    names.emplace_back(column.name);
  }
  const std::string near = ipc::nearest(name, names);
  return ipc::Error{ipc::Code::usage,
                    "'" + std::string(name) + "' is not known of jobs" +
                        (near.empty() ? "" : "; did you mean " + near + "?"),
                    "there are: " + ipc::join(names, " ")};
}

ipc::Result<std::vector<const Column*>> parse_columns(const std::string& list,
                                                      std::string_view defaults) {
  std::vector<const Column*> columns;
  for (const auto& name : ipc::split(list.empty() ? defaults : list, ',')) {
    IPC_TRY_ASSIGN(const Column* column, find_column(ipc::trim(name)));
    columns.push_back(column);
  }
  return columns;
}

std::string plain_text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : ipc::wire::dump_json(value);
}

}  // namespace ipc::cli
