// SPDX-License-Identifier: BSD-3-Clause
// message.hpp: what is behind the shell functions ipsend, ipreceive, ipid and ipids.
#pragma once

namespace ipkit::kernel::sh {

/// `ipkit-kernel-sh message NAME [ARG]…`, a process of its own: one operation with the engine whose
/// socket is $IPKIT_MESSAGES. Returns the exit status, as in ipkit(7).
int message_program(int argc, char** argv);

}  // namespace ipkit::kernel::sh
