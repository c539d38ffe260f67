// SPDX-License-Identifier: BSD-3-Clause
// A process that may open no more files refuses connections instead of ending.
#pragma once

namespace ipc::net {

/// libzmq's listener of local sockets takes EMFILE of accept4(2) for a bug and aborts the process:
/// whoever may connect could end it. From here on libzmq's calls come to an accept4 of ours. If no
/// descriptor is left it gives up one that is kept for this, accepts, closes at once, and says
/// ECONNABORTED, so that the peer knows and the queue of the listener does not stay full; the log
/// says so, once a minute. Any thread; again has no effect.
void guard_accept();

/// Connections to this port, also by its local name, are refused in the same way while no more than
/// set_spare_files() descriptors are left: those are for other ports. Any thread.
void yield_files(int port);

/// How many; 0 at first. Any thread.
void set_spare_files(int count);

}  // namespace ipc::net
