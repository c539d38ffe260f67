// SPDX-License-Identifier: BSD-3-Clause
// The memory of large frames.
#pragma once

#include <cstddef>

#include "libipc/net/socket.hpp"

namespace ipc::net {

/// Gives the whole pages among these bytes of a frame back to the system: they read as zeros from
/// then on. Nothing happens to a frame that others share.
void give_back(Frame& frame, std::size_t begin, std::size_t end);

}  // namespace ipc::net
