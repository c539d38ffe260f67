// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: queries for task records; what SQLite selects is a superset of what matches.
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <cstdlib>
#include <set>

#include "libipc/hub/query.hpp"
#include "libipc/hub/sqlite_rows.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace ipc::hub;

std::vector<Record> make_records() {
  std::vector<Record> records(3);
  for (size_t i = 0; i < records.size(); ++i) {
    Record& record = records[i];
    record.msg_id = "s_" + std::to_string(i);
    record.request.assign(R"({"msg_id": ")" + record.msg_id + R"(", "session": "s"})", "{}",
                          R"({"code": "1"})");
    record.submitted = 1700000000000000 + static_cast<ipc::UnixMicros>(i);
    record.queue = i == 0 ? "mux" : "task";
    if (i == 2) continue;
    record.result.assign("{}", R"({"status": "ok"})", R"({"status": "ok"})");
    record.completed = record.started = *record.submitted + 5;
    record.engine_uuid = "u1";
    record.has_engine = true;
    record.out = "text*";
  }
  return records;
}

struct Table {
  SQLite::Database db{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  std::vector<Record> records = make_records();

  Table() {
    std::string columns, places;
    for (const auto& column : record_columns()) {
      columns += (columns.empty() ? "\"" : ", \"") + std::string(column.name) + "\" " +
                 std::string(column.type);
      places += places.empty() ? "?" : ", ?";
    }
    db.exec("CREATE TABLE records (" + columns + ")");
    RecordBinder binder;
    const std::string insert = "INSERT INTO records VALUES (" + places + ")";
    for (const auto& record : records) {
      sqlite3_stmt* statement = nullptr;
      sqlite3_prepare_v2(db.getHandle(), insert.c_str(), -1, &statement, nullptr);
      binder.bind(statement, record);
      if (sqlite3_step(statement) != SQLITE_DONE) std::abort();
      sqlite3_finalize(statement);
    }
  }
};

void run(std::string_view input) {
  static Table table;
  const auto object = ipc::wire::parse_json(input, 16);
  if (!object) return;
  const auto query = read_query(*object);
  if (!query || query->size() > 20) return;
  const Where condition = where(*query);
  SQLite::Statement select(table.db, "SELECT " + column_list() + " FROM records" + condition.sql);
  for (size_t i = 0; i < condition.values.size(); ++i)
    select.bind(static_cast<int>(i) + 1, condition.values[i]);
  std::set<std::string> selected;
  while (select.executeStep()) {
    const Record record = read_record(select);
    if (condition.exact || matches(record, *query)) selected.insert(record.msg_id);
  }
  for (const auto& record : table.records)
    ipkit_fuzz::require(matches(record, *query) == selected.contains(record.msg_id));
}

const ipkit_fuzz::Registered registered("db_query", run);

}  // namespace
