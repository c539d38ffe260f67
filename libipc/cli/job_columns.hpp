// SPDX-License-Identifier: BSD-3-Clause
// What can be known of a job: columns to show, and what conditions are about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/engines.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cli {

enum class ColumnKind { text, number, time };

struct Column {
  std::string_view name;
  ColumnKind kind;
  std::vector<std::string> keys;  ///< of the record, that it is made of
  /// Null: not known.
  ipc::wire::Json (*value)(const ipc::wire::Json& record, const ipc::client::EngineTable& table);
};

/// All of them, those that are made of a record first, then the keys of records themselves.
const std::vector<Column>& all_columns();

/// Code::usage names the nearest one.
ipc::Result<const Column*> find_column(std::string_view name);

/// Of a list with commas; the defaults for an empty one.
ipc::Result<std::vector<const Column*>> parse_columns(const std::string& list,
                                                      std::string_view defaults);

/// A value as one line: text as it is, else JSON; empty if it is null.
std::string plain_text(const ipc::wire::Json& value);

/// "ok", "error", "aborted", or "pending".
std::string status_of(const ipc::wire::Json& record);

}  // namespace ipc::cli
