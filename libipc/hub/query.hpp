// SPDX-License-Identifier: BSD-3-Clause
// Which records are meant: the query language of db_request.
#pragma once

#include <string>
#include <vector>

#include "libipc/hub/record.hpp"
#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {

/// `field op wanted`; the operators are those of the wire protocol, query language: $eq, $ne, $lt,
/// $lte, $gt, $gte, $in, $nin, $all, $mod, $exists, $glob. A field that records do not have is
/// null.
struct Condition {
  std::string field, op;
  wire::Json wanted;  ///< times in the form records have
};

/// All must hold; none: every record.
using Query = std::vector<Condition>;

/// Reads the object of a request. Code::bad_input with the operator there is not as `what`.
Result<Query> read_query(const wire::Json& object);

bool matches(const Record& record, const Query& query);

}  // namespace ipc::hub
