// SPDX-License-Identifier: BSD-3-Clause
// A scheduling scheme from a shared object (include/ipkit/scheme.h).
#pragma once

#include <memory>
#include <string>

#include "libipc/sched/policy.hpp"

namespace ipc::sched {

/// Loads the scheme in `path`. What it answers is checked: an index that is none, or an exception,
/// goes to the log, and the least recently used engine gets the task.
/// Code::no_input if there is no such file, refused if others could have written it, bad_input if
/// it is no scheme or one for another version of the interface.
Result<std::unique_ptr<Policy>> load_policy(const std::string& path);

}  // namespace ipc::sched
