// SPDX-License-Identifier: BSD-3-Clause
// How many files a process may have open.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace ipc {

/// The soft limit of a process of this user (0: of this one); 0 if there is none or it cannot be
/// told.
std::uint64_t file_limit(pid_t pid);

}  // namespace ipc
