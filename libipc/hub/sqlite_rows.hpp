// SPDX-License-Identifier: BSD-3-Clause
// Records as rows: columns, values and conditions as the reference's database has them.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/hub/query.hpp"
#include "libipc/hub/record.hpp"
#include "libipc/wire/header.hpp"

struct sqlite3_stmt;

namespace ipc::hub {

/// A column: its name and its declared type.
struct Column {
  std::string_view name, type;
};
/// In the order of the wire protocol, backends; `label` is the last.
const std::vector<Column>& record_columns();

/// "name, name, …" of all of them, quoted.
std::string column_list();

/// "UPDATE …" that adds a part to the row of its id.
std::string part_update(const std::string& table);

/// Binds records to a statement's parameters. One thread.
class RecordBinder {
 public:
  /// All columns in their order, the first to parameter 1. What is bound belongs to the record and
  /// to this, until the next call. Throws SQLite::Exception.
  void bind(sqlite3_stmt* statement, const Record& record);
  /// What a part has of engine and result, in the order of part_update(); null: as it was.
  void bind_part(sqlite3_stmt* statement, const Record& part);
  /// Once what was bound is written: large values do not stay in memory until the next.
  void forget_large();

 private:
  void text(int column, std::string_view text);
  void text_or_null(int column, std::string_view text);
  void time(int column, const std::optional<UnixMicros>& time, std::string& value);
  void buffers(int column, bool has, const net::Frames& frames, std::string& value);
  void check(int result);

  sqlite3_stmt* statement_ = nullptr;
  std::array<std::string, 4> times_;
  std::array<std::string, 2> blobs_;
  wire::FieldParser parser_;
};
/// The row a statement over column_list() is at. What cannot be read is null, as if never written.
Record read_record(SQLite::Statement& row);

/// A condition in SQL with its values. Selects at least what the query does, and no more if it is
/// exact.
struct Where {
  std::string sql;  ///< "" or " WHERE …"
  std::vector<std::string> values;
  bool exact = true;
};
Where where(const Query& query);

/// The time as its column has it: sorts as text. "" for none.
std::string column_time(const std::optional<UnixMicros>& time);

}  // namespace ipc::hub
