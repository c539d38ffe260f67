// SPDX-License-Identifier: BSD-3-Clause
// A client outlives its controller, where the next one has the tasks.
#include <algorithm>
#include <utility>
#include <vector>

#include "libipc/client/impl.hpp"

namespace ipc::client {

void Connection::Impl::outlast_controllers() {
  durable = true;
  link.outlast([this] { return can_outlast(); }, [this] { controller_returned(); });
}

// Broadcasts and what engines are asked beside their work nobody does twice, and engines that are
// not ours take a request that comes again for an attack.
bool Connection::Impl::can_outlast() const {
  return tunnel == nullptr && std::all_of(pending.begin(), pending.end(), [](const auto& entry) {
           const Pending& request = entry.second;
           return !request.is_work || request.channel == Channel::task ||
                  (request.channel == Channel::direct && !request.guest);
         });
}

// When its hub answers, the engines are known to it.
void Connection::Impl::controller_returned() {
  if (const auto now = net::read_connection(options.path)) file.controller = now->controller;
  send_again_due = true;
  table_asked = false;
  ask_for_engines();
}

// A connection may be cut while that to the hub stays: what was on it would be missed by nobody.
Status Connection::Impl::watch_for_returns(Channel channel) {
  const auto i = static_cast<size_t>(channel);
  const std::string endpoint = "inproc://channel-" + std::to_string(i);
  IPC_TRY(sockets[i]->monitor(endpoint));
  monitors[i].emplace(context, net::SocketType::pair);
  IPC_TRY(monitors[i]->connect(endpoint));
  loop.on_input(*monitors[i], [this, i] {
    int taken = 0;
    for (bool any = true; any;) {
      const auto event = net::next_event(*monitors[i], any);
      if (any) ++taken;
      if (event == net::ConnectionEvent::connected && std::exchange(was_connected[i], true))
        channel_returned();
    }
    return taken;
  });
  return {};
}

// When the hub's connection was cut too it may be asked already.
void Connection::Impl::channel_returned() {
  if (!can_outlast()) return;
  send_again_due = true;
  ask_for_engines();
}

// Whatever has no answer is sent again, in its order and as it was: what the controller or an
// engine has already, they know by its id.
void Connection::Impl::send_open_again() {
  std::vector<std::pair<const std::string*, Pending*>> open;
  for (auto& [id, request] : pending)
    if (!request.frames.empty() && request.channel != Channel::control)
      open.emplace_back(&id, &request);
  // All ids have the same beginning, and a number at the end.
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->size(), *a.first) < std::pair(b.first->size(), *b.first);
  });
  // Replies come again, what was printed does not.
  const bool shows = on_output && std::any_of(open.begin(), open.end(), [](const auto& entry) {
                       return entry.second->channel == Channel::direct && entry.second->is_work;
                     });
  if (shows && options.remark)
    options.remark("what engines printed while there was no controller may be missing");
  for (const auto& [id, request] : open) {
    net::Frames frames;
    for (const auto& frame : request->frames) frames.push_back(frame.share());
    sockets[static_cast<int>(request->channel)]->send(std::move(frames));
  }
}

void Connection::expect_end() {
  impl_->link.outlast({}, {});
}

}  // namespace ipc::client
