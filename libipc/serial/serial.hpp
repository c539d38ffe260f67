// SPDX-License-Identifier: BSD-3-Clause
// One engine without a cluster: kernels as child processes, requests one after the other.
#pragma once

#include <memory>

#include "libipc/client/stand_in.hpp"

namespace ipc::serial {

/// To a connection it is one engine, 0, behind the scheduler's own queue: tasks wait for others as
/// they do at a controller. A kernel starts with the first request for it and ends with the object,
/// and its process group with it.
std::shared_ptr<client::StandIn> make_engine();

}  // namespace ipc::serial
