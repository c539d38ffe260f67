// SPDX-License-Identifier: BSD-3-Clause
// Buffers of a record as one value of a database: a pickled list of bytes, as in the reference's.
#pragma once

#include <string>
#include <string_view>

#include "libipc/net/socket.hpp"
#include "libipc/util/result.hpp"

namespace ipc::hub {

std::string pickle_buffers(const net::Frames& buffers);

/// Understands what pickle_buffers() and Python (protocols 3 to 5) write for a list of bytes, and
/// nothing else: nothing is executed. Code::bad_input otherwise.
Result<net::Frames> unpickle_buffers(std::string_view blob);

}  // namespace ipc::hub
