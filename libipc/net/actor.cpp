// SPDX-License-Identifier: BSD-3-Clause
// A thread with a contract, on czmq's actor.
#include "libipc/net/actor.hpp"

#include <czmq.h>
#include <poll.h>

namespace ipc::net {
namespace {

struct Start {
  std::function<void(Loop&)> setup;
  std::function<void()> teardown;
  Order order;
};

void run_actor(zsock_t* pipe, void* argument) {
  const Start start = *static_cast<Start*>(argument);
  Loop loop;
  // The pipe belongs to czmq's context; a descriptor works across contexts. It is edge-triggered:
  // its events must be asked for until there are none.
  const auto take_commands = [&](short) {
    while (zsock_events(pipe) & ZMQ_POLLIN) {
      char* command = zstr_recv(pipe);
      if (command == nullptr || streq(command, "$TERM")) loop.stop();
      zstr_free(&command);
    }
  };
  loop.on_fd(zsock_fd(pipe), POLLIN, take_commands);
  start.setup(loop);
  start.order.before();
  zsock_signal(pipe, 0);
  take_commands(0);
  loop.run();
  if (start.teardown) start.teardown();
  start.order.before();
}

}  // namespace

Actor::Actor(std::function<void(Loop&)> setup, std::function<void()> teardown) {
  // Signals are the program's business, not the library's.
  zsys_handler_set(nullptr);
  order_.join(std::hash<Actor*>()(this) >> 4);  // the low bits are those of every address
  Start start{std::move(setup), std::move(teardown), order_};
  actor_ = zactor_new(run_actor, &start);
  order_.after();
}

Actor::~Actor() {
  zactor_destroy(&actor_);
  order_.after();
}

}  // namespace ipc::net
