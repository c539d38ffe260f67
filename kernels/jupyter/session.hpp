// SPDX-License-Identifier: BSD-3-Clause
// The life of a bridge: the kernel it starts or finds, and both their ends.
#pragma once

#include <string>

#include "libipc/util/result.hpp"

namespace ipc::jupyter {

/// Serves the engine behind `fd` with the kernel `word` names (`jupyter:NAME`, `existing:FILE`)
/// until the engine goes. When a kernel that was started here ends by itself the process ends the
/// same way, without returning.
Status run(int fd, const std::string& word);

}  // namespace ipc::jupyter
