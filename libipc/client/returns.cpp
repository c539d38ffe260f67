// SPDX-License-Identifier: BSD-3-Clause
// A client outlives breaks of its connections, and its controller where the next one has the tasks.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "libipc/client/impl.hpp"

namespace ipc::client {
namespace {

// What the hub may be asked twice: it changes nothing.
bool is_question(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes{
      "connection_request", "wait_request",    "queue_request", "load_request",
      "result_request",     "history_request", "db_request"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

}  // namespace

void Connection::Impl::outlast_breaks() {
  durable = file.durable;
  std::function<bool()> can_wait;
  if (durable) can_wait = [this] { return can_outlast(); };
  link.outlast(std::move(can_wait), [this] { hub_returned(); });
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

// The same one after a break, or its successor.
void Connection::Impl::hub_returned() {
  if (durable) {
    if (const auto now = net::read_connection(options.path)) file.controller = now->controller;
    // The engines are known to it when its hub answers.
    for (bool& due : send_again_due) due = true;
    table_asked = false;
  } else {
    send_open_again(Channel::hub);
  }
  ask_for_engines();
}

// A connection may break while that to the hub stays: what was on it would be missed by nobody.
Status Connection::Impl::watch_for_returns(Channel channel) {
  const auto i = static_cast<size_t>(channel);
  const std::string endpoint = "inproc://channel-" + std::to_string(i);
  IPC_TRY(sockets[i]->monitor(endpoint));
  monitors[i].emplace(context, net::SocketType::pair);
  IPC_TRY(monitors[i]->connect(endpoint));
  loop.on_input(*monitors[i], [this, channel, i] {
    int taken = 0;
    for (bool any = true; any;) {
      const auto event = net::next_event(*monitors[i], any);
      if (any) ++taken;
      if (event == net::ConnectionEvent::connected && std::exchange(was_connected[i], true))
        channel_returned(channel);
    }
    return taken;
  });
  return {};
}

void Connection::Impl::channel_returned(Channel channel) {
  if (!durable) return send_open_again(channel);
  if (!can_outlast()) return;
  // The hub's connection may have broken too: it may be asked already.
  send_again_due[static_cast<size_t>(channel)] = true;
  ask_for_engines();
}

// Whatever has no answer is sent again, in its order and as it was: what the controller or an
// engine has already, they know by its id.
void Connection::Impl::send_open_again(Channel channel) {
  std::vector<std::pair<const std::string*, Pending*>> open;
  for (auto& [id, request] : pending)
    if (request.channel == channel && request.is_repeatable()) open.emplace_back(&id, &request);
  // All ids have the same beginning, and a number at the end.
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->size(), *a.first) < std::pair(b.first->size(), *b.first);
  });
  const bool shows = on_output && channel == Channel::direct &&
                     std::any_of(open.begin(), open.end(),
                                 [](const auto& entry) { return entry.second->is_work; });
  // Replies come again, what was printed does not.
  if (shows && options.remark)
    options.remark("what engines printed while there was no " +
                   std::string(durable ? "controller" : "connection") + " may be missing");
  for (const auto& [id, request] : open) {
    if (channel == Channel::hub && !renew(*id, request->frames)) continue;
    repeat(*request);
  }
}

void Connection::Impl::repeat(const Pending& request) {
  net::Frames frames;
  for (const auto& frame : request.frames) frames.push_back(frame.share());
  sockets[static_cast<int>(request.channel)]->send(std::move(frames));
}

// The hub takes for an attack what it has had: so the question is a new one. False: it is none.
bool Connection::Impl::renew(const std::string& id, net::Frames& frames) {
  std::vector<std::string_view> views;
  net::view_frames(frames, views);
  const auto message = wire::locate(views);
  const auto header = message ? parser.header(message->header) : Result<wire::Header>(Error{});
  if (!header) return false;
  if (!durable && !is_question(header->msg_type)) {
    failure = Error{Code::failed,
                    "the connection to " + controller_name(file) +
                        " broke: whether it did what it was asked is not known",
                    ""};
    return false;
  }
  std::string text = session.header(header->msg_type, id);
  frames[1] = net::Frame(signer.sign(text, message->parent, message->metadata, message->content));
  frames[2] = net::Frame::adopt(std::move(text));
  return true;
}

void Connection::expect_end() {
  impl_->link.outlast({}, {});
}

}  // namespace ipc::client
