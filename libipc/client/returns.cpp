// SPDX-License-Identifier: BSD-3-Clause
// A client outlives breaks of its connections, and its controller where the next one has the tasks.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "libipc/client/impl.hpp"

namespace ipc::client {
namespace {

constexpr auto kGather = milliseconds(50);  // from one connection's return to those of the others
constexpr Duration kConfirm = seconds(3);   // for an answer on each of them, then twice as long …
constexpr Duration kConfirmMost = seconds(30);  // … up to this

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
  link.outlast(std::move(can_wait), [this] { connection_returned(); });
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

// A connection may break while that to the hub stays: what was on it would be missed by nobody.
Status Connection::Impl::watch_for_returns(Channel channel) {
  const auto i = static_cast<size_t>(channel);
  const std::string endpoint =
      "inproc://channel-" + std::to_string(i) + "-" + std::to_string(times_opened++);
  IPC_TRY(sockets[i]->monitor(endpoint));
  monitors[i].emplace(context, net::SocketType::pair);
  IPC_TRY(monitors[i]->connect(endpoint));
  loop.on_input(*monitors[i], [this, i] {
    int taken = 0;
    for (bool any = true; any;) {
      const auto event = net::next_event(*monitors[i], any);
      if (any) ++taken;
      if (event == net::ConnectionEvent::connected && std::exchange(was_connected[i], true))
        connection_returned();
    }
    return taken;
  });
  return {};
}

// To the same controller after a break, or to its successor. That may hold our old connection still
// and then takes nothing from one of the same name: so each channel has to answer, or comes anew.
void Connection::Impl::connection_returned() {
  if (std::exchange(returns, true)) return;
  if (durable)
    if (const auto now = net::read_connection(options.path)) file.controller = now->controller;
  confirm_timer = loop.after(kGather, [this] { ask_for_confirmation(); });
}

void Connection::Impl::ask_for_confirmation() {
  for (const auto& id : questions) pending.erase(id);
  questions.clear();
  const auto ask = [this](Channel channel, const EngineInfo* to, const char* type,
                          std::string content) {
    if (!sockets[static_cast<size_t>(channel)]) return;
    Request request;
    request.type = type;
    request.content = std::move(content);
    questions.insert(post(channel, to, false, std::move(request), [this, channel](Reply&& reply) {
      if (channel == Channel::hub) take_engines(reply);
      confirmed(reply.id);
    }));
  };
  // To nobody, for which the hub answers by the same way.
  EngineInfo nobody;
  nobody.uuid = "nobody";
  ask(Channel::hub, nullptr, "connection_request", "{}");
  ask(Channel::task, nullptr, "cancel_request", R"({"msg_ids": []})");
  ask(Channel::direct, &nobody, "list_request", "{}");
  confirm_limit = std::clamp(confirm_limit * 2, kConfirm, kConfirmMost);
  confirm_timer = loop.after(confirm_limit, [this] { come_anew(); });
}

void Connection::Impl::confirmed(const std::string& question) {
  questions.erase(question);
  if (!questions.empty()) return;
  loop.cancel(std::exchange(confirm_timer, 0));
  confirm_limit = {};
  returns = false;
  table_asked = false;
  const bool broadcasts = std::any_of(pending.begin(), pending.end(), [](const auto& entry) {
    return entry.second.channel == Channel::broadcast && entry.second.is_work;
  });
  if (broadcasts)
    failure = Error{Code::failed,
                    "the connection to " + controller_name(file) +
                        " broke: what became of the broadcast is not known",
                    ""};
  for (const auto channel : {Channel::hub, Channel::direct, Channel::task})
    send_open_again(channel);
}

void Connection::Impl::come_anew() {
  for (const auto channel : {Channel::hub, Channel::direct, Channel::task}) {
    const auto i = static_cast<size_t>(channel);
    if (!sockets[i]) continue;
    loop.remove(*sockets[i]);
    sockets[i]->stop_monitor();
    if (monitors[i]) loop.remove(*monitors[i]);
    sockets[i].reset();
    was_connected[i] = false;
    if (const auto opened = open_channel(channel); !opened && !failure) failure = opened.error();
  }
  ask_for_confirmation();
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
