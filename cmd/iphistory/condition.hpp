// SPDX-License-Identifier: BSD-3-Clause
// Which records are meant.
#pragma once

#include <string>
#include <vector>

#include "cmd/iphistory/columns.hpp"
#include "libipc/cli/command.hpp"

namespace iphistory {

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
ipc::Result<Selection> parse_selection(const ipc::cli::Arguments& arguments);

}  // namespace iphistory
