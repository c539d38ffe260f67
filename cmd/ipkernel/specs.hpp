// SPDX-License-Identifier: BSD-3-Clause
// Kernelspecs: how Jupyter knows of us.
#pragma once

#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/util/result.hpp"

namespace ipkernel {

/// `install`: registers a kernel that serves the engines that the options name. Prints where.
/// Code::usage for a name that cannot be one.
ipc::Result<int> install(const ipc::cli::Arguments& arguments);

/// `uninstall`: removes one of ours. Code::no_input if it is not there, Code::refused if it is
/// another program's.
ipc::Result<int> uninstall(const ipc::cli::Arguments& arguments);

/// `list`: those of ours, a line each: name, what is shown, directory.
ipc::Result<int> list(const ipc::cli::Arguments& arguments);

}  // namespace ipkernel
