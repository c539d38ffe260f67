// SPDX-License-Identifier: BSD-3-Clause
// The controller as a service of a profile: lock, files, log, signals.
#pragma once

#include "cmd/ipcontroller/options.hpp"

namespace ipc {

/// Runs until a signal or a client ends it; the exit status. Prints the READY line; goes to the
/// background first if that is wanted.
Result<int> serve(Settings settings);

}  // namespace ipc
