// SPDX-License-Identifier: BSD-3-Clause
// A thread with a contract: its maker returns when it is ready, its destructor when it has ended.
#pragma once

#include <functional>

#include "libipc/net/loop.hpp"
#include "libipc/net/order.hpp"

struct _zactor_t;

namespace ipc::net {

/// Runs a Loop in a thread of its own (a czmq actor). The only form of thread in the product.
class Actor {
 public:
  /// `setup` runs in the new thread, registers its sources with the loop and returns; the
  /// constructor returns after it. Then the loop runs until the Actor is destroyed. `teardown` runs
  /// last, in the thread.
  Actor(std::function<void(Loop&)> setup, std::function<void()> teardown = {});
  ~Actor();
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

 private:
  _zactor_t* actor_;
  [[no_unique_address]] Order order_;
};

}  // namespace ipc::net
