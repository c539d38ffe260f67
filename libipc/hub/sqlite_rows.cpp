// SPDX-License-Identifier: BSD-3-Clause
// Records as rows: columns, values and conditions as the reference's database has them.
#include "libipc/hub/sqlite_rows.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "libipc/hub/buffer_blob.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::hub {
namespace {

using wire::Json;

constexpr std::size_t kMaxValues = 30000;  // SQLite takes 32766 parameters

enum Number : int {
  msg_id,
  header,
  metadata,
  content,
  buffers,
  submitted,
  client_uuid,
  engine_uuid,
  started,
  completed,
  resubmitted,
  received,
  result_header,
  result_metadata,
  result_content,
  result_buffers,
  queue,
  execute_input,
  execute_result,
  error,
  out,
  err,
  label,
};

std::string text_of(SQLite::Statement& row, Number column) {
  const auto value = row.getColumn(column);
  return value.isNull() ? std::string() : value.getString();
}

std::optional<UnixMicros> time_of(SQLite::Statement& row, Number column) {
  const auto time = parse_iso8601(text_of(row, column));
  return time ? std::optional(*time) : std::nullopt;
}

bool read_buffers(SQLite::Statement& row, Number column, net::Frames& into) {
  const auto value = row.getColumn(column);
  if (value.isNull()) return false;
  auto frames = unpickle_buffers(
      {static_cast<const char*>(value.getBlob()), static_cast<std::size_t>(value.getBytes())});
  if (frames) into = *std::move(frames);
  return static_cast<bool>(frames);
}

bool is_time(std::string_view field) {
  return field == "submitted" || field == "started" || field == "completed" || field == "received";
}

bool is_text(std::string_view field) {
  constexpr std::array<std::string_view, 7> kTexts{
      "msg_id", "client_uuid", "engine_uuid", "resubmitted", "queue", "stdout", "stderr"};
  return std::find(kTexts.begin(), kTexts.end(), field) != kTexts.end();
}

// A wanted value as the column has it.
bool read_value(const std::string& field, const Json& wanted, std::string& value) {
  if (!wanted.is_string()) return false;
  value = wanted.get<std::string>();
  if (!is_time(field)) return true;
  const auto time = parse_iso8601(value);
  if (time) value = column_time(*time);
  return static_cast<bool>(time);
}

// SQL for one condition, "" if there is none that says the same.
std::string condition(const Condition& c, std::vector<std::string>& values) {
  constexpr std::array<std::pair<std::string_view, const char*>, 6> kOperators{
      {{"$eq", "="}, {"$ne", "<>"}, {"$lt", "<"}, {"$lte", "<="}, {"$gt", ">"}, {"$gte", ">="}}};
  if (!is_time(c.field) && !is_text(c.field)) return "";
  const std::string name = '"' + c.field + '"';
  if (c.wanted.is_null() && (c.op == "$eq" || c.op == "$ne"))
    return name + (c.op == "$eq" ? " IS NULL" : " IS NOT NULL");
  if (c.op == "$in" && c.wanted.is_array() && c.wanted.size() < kMaxValues) {
    std::vector<std::string> list(c.wanted.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      if (!read_value(c.field, c.wanted[i], list[i])) return "";
    std::string marks;
    for (std::size_t i = 0; i < list.size(); ++i) marks += i == 0 ? "?" : ",?";
    values.insert(values.end(), list.begin(), list.end());
    return name + " IN (" + marks + ")";
  }
  for (const auto& [op, sql] : kOperators) {
    std::string value;
    if (c.op != op || !read_value(c.field, c.wanted, value)) continue;
    values.push_back(std::move(value));
    // What is null differs from every value.
    if (c.op == "$ne") return "(" + name + " IS NULL OR " + name + " <> ?)";
    return name + " " + sql + " ?";
  }
  return "";
}

}  // namespace

const std::vector<Column>& record_columns() {
  static const std::vector<Column> columns{{"msg_id", "text PRIMARY KEY"},
                                           {"header", "dict text"},
                                           {"metadata", "dict text"},
                                           {"content", "dict text"},
                                           {"buffers", "bufs blob"},
                                           {"submitted", "timestamp"},
                                           {"client_uuid", "text"},
                                           {"engine_uuid", "text"},
                                           {"started", "timestamp"},
                                           {"completed", "timestamp"},
                                           {"resubmitted", "text"},
                                           {"received", "timestamp"},
                                           {"result_header", "dict text"},
                                           {"result_metadata", "dict text"},
                                           {"result_content", "dict text"},
                                           {"result_buffers", "bufs blob"},
                                           {"queue", "text"},
                                           {"execute_input", "text"},
                                           {"execute_result", "text"},
                                           {"error", "text"},
                                           {"stdout", "text"},
                                           {"stderr", "text"},
                                           {"label", "text"}};
  return columns;
}

std::string column_list() {
  std::string list;
  for (const Column& column : record_columns()) {
    if (!list.empty()) list += ", ";
    list += '"';
    list += column.name;
    list += '"';
  }
  return list;
}

std::string column_time(const std::optional<UnixMicros>& time) {
  if (!time) return "";
  std::string text = iso8601(*time);
  text.pop_back();  // the Z
  constexpr std::size_t kSeconds = 19;
  if (text.size() == kSeconds) text += ".000000";
  return text += "+00:00";
}

// SQLite's own functions: SQLiteCpp takes text as std::string only, which would be a copy of each.
void RecordBinder::check(int result) {
  if (result != SQLITE_OK) throw SQLite::Exception(sqlite3_db_handle(statement_), result);
}

// Parameters are counted from 1, columns from 0.
void RecordBinder::text(int column, std::string_view text) {
  check(sqlite3_bind_text64(statement_, column + 1, text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
}

void RecordBinder::text_or_null(int column, std::string_view value) {
  if (!value.empty()) return text(column, value);
  check(sqlite3_bind_null(statement_, column + 1));
}

void RecordBinder::time(int column, const std::optional<UnixMicros>& time, std::string& value) {
  value = column_time(time);
  text_or_null(column, value);
}

void RecordBinder::buffers(int column, bool has, const net::Frames& frames, std::string& value) {
  if (!has) return check(sqlite3_bind_null(statement_, column + 1));
  value = pickle_buffers(frames);
  check(sqlite3_bind_blob64(statement_, column + 1, value.data(), value.size(), SQLITE_STATIC));
}

void RecordBinder::forget_large() {
  constexpr std::size_t kLarge = 1u << 20;
  for (auto& value : blobs_)
    if (value.capacity() > kLarge) value = {};
}

void RecordBinder::bind(sqlite3_stmt* statement, const Record& r) {
  statement_ = statement;
  text(msg_id, r.msg_id);
  text_or_null(header, r.request.header());
  text_or_null(metadata, r.request.metadata());
  text_or_null(content, r.request.content());
  buffers(Number::buffers, r.has_buffers, r.buffers, blobs_[0]);
  time(submitted, r.submitted, times_[0]);
  text_or_null(client_uuid, parser_.field(r.request.header(), "session"));
  if (r.has_engine)
    text(engine_uuid, r.engine_uuid);  // may be "": failed before it had one
  else
    text_or_null(engine_uuid, "");
  time(started, r.started, times_[1]);
  time(completed, r.completed, times_[2]);
  text_or_null(resubmitted, r.resubmitted);
  time(received, r.received, times_[3]);
  text_or_null(result_header, r.result.header());
  text_or_null(result_metadata, r.result.metadata());
  text_or_null(result_content, r.result.content());
  buffers(result_buffers, r.has_result_buffers, r.result_buffers, blobs_[1]);
  text_or_null(queue, r.queue == nullptr ? "" : r.queue);
  text_or_null(execute_input, r.execute_input);
  text_or_null(execute_result, r.execute_result);
  text_or_null(error, r.error);
  text(out, r.out);
  text(err, r.err);
  text_or_null(label, r.label);
}

// The columns a part may have, in their order, and the id.
static constexpr std::array kPart{engine_uuid,     started,        completed,      received,
                                  result_header, result_metadata, result_content, result_buffers};

std::string part_update(const std::string& table) {
  std::string sql;
  int parameter = 0;
  for (const Number column : kPart) {
    const std::string name = '"' + std::string(record_columns()[column].name) + '"';
    sql += (sql.empty() ? "" : ", ") + name + " = coalesce(?" + std::to_string(++parameter) + ", " +
           name + ")";
  }
  return "UPDATE " + table + " SET " + sql + " WHERE msg_id = ?" + std::to_string(parameter + 1);
}

void RecordBinder::bind_part(sqlite3_stmt* statement, const Record& r) {
  statement_ = statement;
  int parameter = 0;
  if (r.has_engine)
    text(parameter++, r.engine_uuid);
  else
    text_or_null(parameter++, "");
  time(parameter++, r.started, times_[0]);
  time(parameter++, r.completed, times_[1]);
  time(parameter++, r.received, times_[2]);
  text_or_null(parameter++, r.result.header());
  text_or_null(parameter++, r.result.metadata());
  text_or_null(parameter++, r.result.content());
  buffers(parameter++, r.has_result_buffers, r.result_buffers, blobs_[0]);
  text(parameter, r.msg_id);
}

Record read_record(SQLite::Statement& row) {
  Record r;
  r.msg_id = text_of(row, msg_id);
  r.request.assign(text_of(row, header), text_of(row, metadata), text_of(row, content));
  r.has_buffers = read_buffers(row, buffers, r.buffers);
  r.submitted = time_of(row, submitted);
  r.has_engine = !row.getColumn(engine_uuid).isNull();
  r.engine_uuid = text_of(row, engine_uuid);
  r.started = time_of(row, started);
  r.completed = time_of(row, completed);
  r.resubmitted = text_of(row, resubmitted);
  r.received = time_of(row, received);
  r.result.assign(text_of(row, result_header), text_of(row, result_metadata),
                  text_of(row, result_content));
  r.has_result_buffers = read_buffers(row, result_buffers, r.result_buffers);
  const std::string where = text_of(row, queue);
  r.queue = where == "mux" ? "mux" : where == "task" ? "task" : nullptr;
  r.execute_input = text_of(row, execute_input);
  r.execute_result = text_of(row, execute_result);
  r.error = text_of(row, error);
  r.out = text_of(row, out);
  r.err = text_of(row, err);
  r.label = text_of(row, label);
  return r;
}

Where where(const Query& query) {
  Where result;
  for (const Condition& c : query) {
    const std::string sql = condition(c, result.values);
    if (sql.empty()) {
      result.exact = false;
      continue;
    }
    result.sql += result.sql.empty() ? " WHERE " : " AND ";
    result.sql += sql;
  }
  return result;
}

}  // namespace ipc::hub
