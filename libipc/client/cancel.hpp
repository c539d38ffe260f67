// SPDX-License-Identifier: BSD-3-Clause
// Jobs of any client withdrawn or interrupted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/client/connection.hpp"

namespace ipc::client {

/// What became of a job that is to be cancelled.
enum class Fate {
  unknown,      ///< there is no such job
  ended,        ///< it was finished already
  withdrawn,    ///< it had not begun and will not
  interrupted,  ///< it runs and was interrupted
  noted,        ///< its engine was told, which is all it can be: if it runs it goes on
};

/// Cancels each of `ids`. An engine interrupts only what was asked for, whatever it runs by then.
/// Engines that are not known as ours cannot interrupt one request: theirs are `noted`.
Result<std::map<std::string, Fate>> cancel_jobs(Connection& connection,
                                                const std::vector<std::string>& ids,
                                                TimePoint deadline = TimePoint::max());

}  // namespace ipc::client
