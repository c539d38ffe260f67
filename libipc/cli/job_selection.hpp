// SPDX-License-Identifier: BSD-3-Clause
// Which records are meant.
#pragma once

#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/cli/job_columns.hpp"
#include "libipc/client/connection.hpp"

namespace ipc::cli {

enum class Operator {
  equal,
  unequal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  like,
  unlike
};

/// `KEY OP VALUE`.
struct Condition {
  const Column* column;
  Operator op;
  std::string value;
  double number = 0;         ///< of a time (microseconds since 1970) or number
  std::vector<int> engines;  ///< of an engine with = or !=

  bool holds(const ipc::wire::Json& record, const ipc::client::EngineTable& table) const;
};

/// What --where, --since, --until, --failed and the operands say.
struct Selection {
  std::vector<Condition> conditions;
  std::vector<std::string> ids;
  bool by_id = false;     ///< only `ids`
  ipc::wire::Json query;  ///< of a --where in the hub's language; null: none

  bool is_everything() const { return conditions.empty() && !by_id && query.is_null(); }
  bool holds(const ipc::wire::Json& record, const ipc::client::EngineTable& table) const;
  /// What the hub can leave out by itself.
  ipc::wire::Json hub_query(bool understands_order) const;
};

/// Code::usage says what cannot be understood.
ipc::Result<Condition> parse_condition(const std::string& text);
/// Of --where, --since, --until, --failed and the operands.
ipc::Result<Selection> parse_selection(const ipc::cli::Arguments& arguments);

/// Records that were chosen, oldest first, and the jobs that have none.
struct ChosenJobs {
  std::vector<ipc::wire::Json> records;
  std::vector<std::string> missing;
};

/// Asks the hub for `keys` (and "submitted") of the records that are meant; `newest` >= 0: only so
/// many of the newest of them. Keys that the controller's records cannot have are left out. On a
/// terminal it shows how many it has, unless `quiet`.
ipc::Result<ChosenJobs> choose_jobs(ipc::client::Connection& connection, const Selection& selection,
                                    const std::vector<std::string>& keys, long newest, bool quiet);

}  // namespace ipc::cli
