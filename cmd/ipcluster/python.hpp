// SPDX-License-Identifier: BSD-3-Clause
// Which Python interpreter the engines use.
#pragma once

#include <string>

#include "libipc/util/result.hpp"

namespace ipc::cluster {

/// The interpreter's own file for a path or a name on PATH (empty: python3). A script in its place,
/// as version managers put there, costs each engine tens of milliseconds: it is asked once for the
/// real one. Code::no_input if there is none, Code::failed with its words if it does not start.
Result<std::string> resolve_python(const std::string& wanted);

}  // namespace ipc::cluster
