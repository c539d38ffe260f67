// SPDX-License-Identifier: BSD-3-Clause
// iopub: what engines publish goes to every client.
#pragma once

#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/sched/role.hpp"

namespace ipc::sched {

/// SUB in, PUB out, verbatim; the hub hears of all but busy and idle.
class IopubRelay : public Role {
 public:
  IopubRelay(net::Loop& loop, net::Socket clients, net::Socket engines, net::EventWriter& tap);

  void engine_added(std::string_view, std::string_view, bool) override {}
  void engine_removed(std::string_view) override {}

 private:
  int from_engines();

  net::Socket clients_, engines_;
  net::EventWriter& tap_;
  net::Incoming message_;
};

}  // namespace ipc::sched
