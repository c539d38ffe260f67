// SPDX-License-Identifier: BSD-3-Clause
// The hub's records of jobs: asked for, dropped, run again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/client/connection.hpp"

namespace ipc::client {

/// `keys` (and msg_id) of the records that match, in the order of submission. `query` is the hub's
/// (docs/protocol.md). Code::failed says what the hub did not understand, or that it keeps nothing.
Result<std::vector<wire::Json>> find_records(Connection& connection, const wire::Json& query,
                                             const std::vector<std::string>& keys,
                                             TimePoint deadline = TimePoint::max());

/// Has jobs run again, as tasks; the new id of each. Code::no_input names those that do not exist.
Result<std::map<std::string, std::string>> resubmit(Connection& connection,
                                                    const std::vector<std::string>& ids,
                                                    TimePoint deadline = TimePoint::max());

/// Drops the records of jobs that have ended.
Status purge(Connection& connection, const std::vector<std::string>& ids,
             TimePoint deadline = TimePoint::max());

}  // namespace ipc::client
