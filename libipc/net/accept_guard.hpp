// SPDX-License-Identifier: BSD-3-Clause
// A process that may open no more files refuses connections instead of ending.
#pragma once

namespace ipc::net {

/// libzmq's listener of local sockets takes EMFILE of accept4(2) for a bug and aborts the process:
/// whoever may connect could end it. From here on libzmq's calls come to an accept4 of ours. If no
/// descriptor is left it gives up one that is kept for this, accepts, closes at once, and says
/// ECONNABORTED, so that the peer knows and the queue of the listener does not stay full. Any
/// thread; again has no effect.
void guard_accept();

}  // namespace ipc::net
