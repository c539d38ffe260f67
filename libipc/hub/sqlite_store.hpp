// SPDX-License-Identifier: BSD-3-Clause
// Task records in an SQLite file.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "libipc/hub/store.hpp"
#include "libipc/util/result.hpp"

namespace ipc::hub {

/// How much is kept; 0: no limit. What is over is dropped, the oldest first.
struct RecordLimits {
  std::size_t records = 0, bytes = 0;
  std::chrono::seconds age{0};
};

/// Opens or makes the database (mode 0600). Finished records are written by a thread of the store,
/// in batches; only open ones and the last batch are in memory. Queries see everything. What cannot
/// be written is lost, with an error in the log; the tasks go on.
///
/// The table is that of the reference (wire protocol, backends); a table of its 7.1 gets the column
/// that is new since. Code::conflict if the file was made by a newer version of ours, Code::io if
/// it is no database or cannot be opened.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file, RecordLimits limits);

}  // namespace ipc::hub
