// SPDX-License-Identifier: BSD-3-Clause
// --serial: a kernel of our own instead of a cluster. Here is only whether; connect() makes it.
#pragma once

#include "libipc/cli/command.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// True by --serial or IPKIT_SERIAL (not empty, not 0): connect() then makes an engine of our own,
/// with kernels that end with this process (libipc/serial).
bool is_serial(const Arguments& arguments);

/// Code::usage if that is asked for where it cannot be: of a program that needs a cluster, or
/// together with --async.
Status check_serial(const Command& command, const Arguments& arguments);

}  // namespace ipc::cli
