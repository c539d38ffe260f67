// SPDX-License-Identifier: BSD-3-Clause
// What the relays of one loop have in common.
#pragma once

#include <string_view>

#include "libipc/net/events.hpp"

namespace ipc::sched {

/// A relay, as the loop's command reader sees it: told who comes and goes.
class Role {
 public:
  virtual ~Role() = default;
  virtual void engine_added(std::string_view uuid, std::string_view id, bool extensions) = 0;
  virtual void engine_removed(std::string_view uuid) = 0;
  /// Any other event; most are for somebody else.
  virtual void command(net::Event&) {}
};

}  // namespace ipc::sched
