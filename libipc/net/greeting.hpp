// SPDX-License-Identifier: BSD-3-Clause
// Why a connection ends before it stands.
#pragma once

#include <string>

#include "libipc/util/clock.hpp"

namespace ipc::net {

/// True if who listens at `endpoint` (`tcp://HOST:PORT`, `ipc://@NAME`) takes a connection and ends
/// it without a word, as a process that may open no more files does: ZeroMQ's greeting comes first
/// even to a peer that has the wrong key. Blocks, at most for `limit` and as long as a host's name
/// takes to be found.
bool ends_without_greeting(const std::string& endpoint, milliseconds limit);

/// True if nobody listens at `endpoint`, as the machine itself says. False if nothing is heard.
/// Blocks as above.
bool refuses(const std::string& endpoint, milliseconds limit);

}  // namespace ipc::net
