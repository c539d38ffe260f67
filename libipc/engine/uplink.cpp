// SPDX-License-Identifier: BSD-3-Clause
// The engine's sockets to its controller.
#include "libipc/engine/uplink.hpp"

#include <algorithm>

#include "libipc/util/log.hpp"
#include "libipc/wire/route.hpp"

namespace ipc::engine {
namespace {

// What was sent leaves the process even if it ends right after.
constexpr milliseconds kLinger{3000};
constexpr Duration kHandshakeLimit = seconds(5);
// The controller's side has its own, but may have died or been cut off before it sent the first.
constexpr milliseconds kPeerTimeout{15000};

}  // namespace

using net::SocketType;

Uplink::Sockets::Sockets(net::Context& context)
    : registration(context, SocketType::dealer),
      shell(context, SocketType::router),
      control(context, SocketType::router),
      iopub(context, SocketType::xpub),
      ping(context, SocketType::sub),
      pong(context, SocketType::dealer),
      shell_events(context, SocketType::pair),
      control_events(context, SocketType::pair) {}

Uplink::Uplink(net::Context& context, net::Loop& loop, UplinkOwner& owner, const std::string& uuid)
    : context_(context),
      loop_(loop),
      owner_(owner),
      session_(uuid),
      replies_(loop, [this](net::Frames& frames) { sockets_->shell.send(std::span(frames)); }) {}

Uplink::~Uplink() {
  loop_.cancel(large_timer_);
  close();
}

void Uplink::close() {
  loop_.cancel(timer_);
  if (!sockets_) return;
  replies_.flush();
  for (net::Socket* socket :
       {&sockets_->registration, &sockets_->shell, &sockets_->control, &sockets_->iopub,
        &sockets_->ping, &sockets_->shell_events, &sockets_->control_events})
    loop_.remove(*socket);
  sockets_->shell.stop_monitor();
  sockets_->control.stop_monitor();
  sockets_.reset();
  connected_.clear();
  leaves_.clear();
  curve_.reset();
  subscribed_ = hearts_wanted_ = hearts_started_ = lost_ = false;
}

void Uplink::prepare(net::Socket& socket, bool with_identity) {
  if (with_identity) socket.set_identity(session_.id());
  if (curve_) socket.set_curve(*curve_);
  socket.set_heartbeat(kPeerInterval, kPeerTimeout);
}

Status Uplink::watch(net::Socket& socket, net::Socket& events, const std::string& name) {
  const std::string endpoint = "inproc://" + session_.id() + "/" + name + std::to_string(times_);
  IPC_TRY(socket.monitor(endpoint));
  IPC_TRY(events.connect(endpoint));
  loop_.on_input(events, [this, &events] { return take_events(events); });
  return {};
}

Status Uplink::connect(const net::Connection& connection) {
  // What the old ones hold goes another way, and their names are wanted.
  if (sockets_)
    for (net::Socket* socket :
         {&sockets_->registration, &sockets_->shell, &sockets_->control, &sockets_->iopub})
      socket->set_linger(milliseconds{0});
  close();
  ++times_;
  connection_ = connection;
  IPC_TRY_ASSIGN(signer_, connection.signer());
  if (!connection.curve_server_key.empty()) curve_ = connection.peer_keys();
  sockets_.emplace(context_);
  Sockets& s = *sockets_;
  for (net::Socket* socket : {&s.registration, &s.shell, &s.control, &s.iopub, &s.pong})
    prepare(*socket, true);
  prepare(s.ping, false);
  for (net::Socket* socket : {&s.registration, &s.shell, &s.control, &s.iopub})
    socket->set_linger(kLinger);
  s.ping.subscribe("");
  IPC_TRY(watch(s.shell, s.shell_events, "shell"));
  IPC_TRY(watch(s.control, s.control_events, "control"));
  IPC_TRY(s.registration.connect(connection.endpoint("registration")));
  IPC_TRY(s.control.connect(connection.endpoint("control")));
  IPC_TRY(s.iopub.connect(connection.endpoint("iopub")));
  IPC_TRY(s.shell.connect(connection.endpoint("mux")));
  IPC_TRY(s.shell.connect(connection.endpoint("task")));
  wanted_ = 3;
  loop_.on_input(s.registration, [this] { return take_registration(); });
  loop_.on_input(s.shell, [this] { return take_requests(sockets_->shell, false); });
  loop_.on_input(s.control, [this] { return take_requests(sockets_->control, true); });
  // An XPUB tells when it has a subscriber: before that all output would be lost.
  loop_.on_input(s.iopub, [this] { return take_subscriptions(); });
  loop_.on_input(s.ping, [this] { return take_pings(); });
  return {};
}

void Uplink::register_engine(const wire::Json& content) {
  net::Outgoing message;
  message.header = session_.header("registration_request");
  message.content = wire::dump_json(content);
  sockets_->registration.send(net::encode(*signer_, {}, std::move(message)));
}

Status Uplink::connect_leaf(int id) {
  if (connection_.broadcast.empty()) return {};
  const int port = connection_.broadcast[static_cast<size_t>(id) % connection_.broadcast.size()];
  if (!leaves_.insert(port).second) return {};
  ++wanted_;
  return sockets_->shell.connect(connection_.endpoint(port));
}

Status Uplink::start_hearts(int id) {
  IPC_TRY(connect_leaf(id));
  hearts_wanted_ = true;
  if (is_connected()) connect_hearts();
  timer_ = loop_.after(kHandshakeLimit, [this] {
    if (hearts_started_) return;
    log::warning("the controller does not accept all connections yet; going on");
    connect_hearts();
  });
  return {};
}

void Uplink::connect_hearts() {
  if (hearts_started_) return;
  hearts_started_ = true;
  last_ping_ = Clock::now();
  owner_.connected();
  auto pong = sockets_->pong.connect(connection_.endpoint("hb_pong"));
  auto ping = sockets_->ping.connect(connection_.endpoint("hb_ping"));
  if (!pong || !ping) log::error("heartbeats: " + (!pong ? pong : ping).error().text());
}

void Uplink::unregister(const wire::Json& id, const std::string& reason,
                        const std::optional<std::string>& begun) {
  if (!sockets_) return;
  hold_replies(false);
  replies_.flush();  // once it is known to go, answers no longer count
  net::Outgoing message;
  message.header = session_.header("unregistration_request");
  wire::Json content = {{"id", id}, {"reason", reason}};
  if (begun) content["begun"] = *begun;
  message.content = wire::dump_json(content);
  sockets_->registration.send(net::encode(*signer_, {}, std::move(message)));
}

void Uplink::send(Route route, net::Frames&& frames, std::string_view id) {
  if (route == Route::internal) return;
  if (route == Route::control) {
    sockets_->control.send(std::move(frames));
    return;
  }
  if (holding_) {
    held_.emplace_back(id, std::move(frames));
    return;
  }
  sent_.keep(frames, id, loop_.now());
  replies_.add(frames);
  if (sent_.bytes() > SentReplies::kBytes) forget_large_replies();
}

void Uplink::forget_large_replies() {
  if (large_timer_ != 0) return;
  large_timer_ = loop_.after(SentReplies::kLarge, [this] {
    large_timer_ = 0;
    sent_.forget_large(loop_.now() - SentReplies::kLarge + seconds(1));
    if (sent_.bytes() > SentReplies::kBytes) forget_large_replies();
  });
}

void Uplink::send_to_scheduler(std::string_view type, std::string content) {
  net::Outgoing message;
  message.header = session_.header(type);
  message.content = std::move(content);
  auto frames = net::encode(*signer_, {&wire::kTaskRelay, 1}, std::move(message));
  replies_.add(frames);
}

void Uplink::tell_back() {
  send_to_scheduler("again_request");
  net::Outgoing message;
  message.header = session_.header("again_request");
  const std::string_view path[] = {wire::kMuxRelay, wire::kToHub};
  auto frames = net::encode(*signer_, path, std::move(message));
  replies_.add(frames);
}

void Uplink::ask_for_engines() {
  net::Outgoing message;
  message.header = session_.header("connection_request");
  sockets_->registration.send(net::encode(*signer_, {}, std::move(message)));
}

std::string Uplink::send_to_engine(std::string_view uuid, std::string_view type,
                                   std::string content, net::Frames&& buffers) {
  std::string id = session_.next_id();
  net::Outgoing message;
  message.header = session_.header(type, id);
  message.metadata = R"({"status":false})";
  message.content = std::move(content);
  message.buffers = std::move(buffers);
  const std::string_view path[] = {wire::kControlRelay, wire::kToEngine, uuid};
  sockets_->control.send(net::encode(*signer_, path, std::move(message)));
  return id;
}

void Uplink::hold_replies(bool hold) {
  holding_ = hold;
  if (hold) return;
  for (auto& [id, frames] : std::exchange(held_, {})) send(Route::direct, std::move(frames), id);
}

// The controller that is there now may have another key.
void Uplink::sign_again(net::Frames& frames) {
  std::vector<std::string_view> views;
  net::view_frames(frames, views);
  const auto message = wire::locate(views);
  if (!message) return;
  frames[message->identities.size() + 1] = net::Frame(
      signer_->sign(message->header, message->parent, message->metadata, message->content));
  replies_.add(frames);
}

void Uplink::send_again(TimePoint since) {
  sent_.each(since, [this](net::Frames& frames) { sign_again(frames); });
}

bool Uplink::is_for_another(std::string_view id, std::string_view client) const {
  const net::Frames frames = sent_.find(id);
  return frames.size() > 1 && frames[1].view() != client;
}

bool Uplink::send_again(std::string_view id) {
  // What is held leaves soon.
  const auto is_it = [&](const auto& held) { return held.first == id; };
  if (std::any_of(held_.begin(), held_.end(), is_it)) return true;
  net::Frames frames = sent_.find(id);
  if (frames.empty()) return false;
  sign_again(frames);
  return true;
}

void Uplink::drop(const char* why) {
  ++dropped_;
  complaints_.warning(std::string("message dropped: ") + why);
}

bool Uplink::accept(net::Incoming& message, bool located, bool is_control) {
  if (!located) return drop("it is not a message of the protocol"), false;
  if (!signer_->verify(message.view)) return drop("its signature is wrong"), false;
  // Not of the task scheduler, which may rightly send the same bytes again.
  const auto path = message.view.identities;
  const bool is_once = is_control || path.empty() || path[0] != wire::kTaskRelay;
  if (!is_once || !signer_->enabled() || history_.add(message.view.signature)) return true;
  if (is_control || !owner_.repeated(message)) drop("it came before (replay)");
  return false;
}

int Uplink::take_requests(net::Socket& socket, bool is_control) {
  int taken = 0;
  net::Incoming message;
  bool located = false;
  for (; taken < net::kDrainLimit && message.receive(socket, located); ++taken) {
    if (!accept(message, located, is_control)) continue;
    const auto path = message.view.identities;
    const Route route = is_control                                     ? Route::control
                        : !path.empty() && path[0] == wire::kTaskRelay ? Route::balanced
                                                                       : Route::direct;
    owner_.request(std::move(message), route);
    message = {};
  }
  if (taken > 0) owner_.requests_taken();
  return taken;
}

int Uplink::take_registration() {
  int taken = 0;
  net::Incoming message;
  bool located = false;
  for (; taken < net::kDrainLimit && message.receive(sockets_->registration, located); ++taken) {
    if (!accept(message, located, true)) continue;
    auto header = wire::parse_json(message.view.header);
    auto content = wire::parse_json(message.view.content);
    if (!header || !content) continue;
    const std::string type = wire::string_or(*header, "msg_type");
    if (type == "connection_reply") owner_.engines_came(*content);
    if (type != "registration_reply") continue;
    const int64_t id = wire::int_or(*content, "id", -1);
    if (wire::string_or(*content, "status") != "ok" || id < 0 || id > INT32_MAX) {
      owner_.refused(wire::string_or(*content, "evalue", "no reason given"));
      continue;
    }
    const int64_t period =
        std::clamp<int64_t>(wire::int_or(*content, "hb_period", 3000), 1, 3600000);
    owner_.registered(static_cast<int>(id), milliseconds(period));
  }
  return taken;
}

int Uplink::take_pings() {
  int taken = 0;
  net::Frames frames;
  for (; taken < net::kDrainLimit && sockets_->ping.receive(frames); ++taken) {
    last_ping_ = loop_.now();
    sockets_->pong.send(std::move(frames));
  }
  return taken;
}

int Uplink::take_events(net::Socket& events) {
  int taken = 0;
  bool any = true, broke = false;
  std::string endpoint;
  for (; taken < net::kDrainLimit; ++taken) {
    const auto event = net::next_event(events, any, &endpoint);
    if (!any) break;
    if (event == net::ConnectionEvent::connected) connected_.insert(endpoint);
    if (event == net::ConnectionEvent::disconnected) broke |= connected_.erase(endpoint) > 0;
    if (event == net::ConnectionEvent::refused && !std::exchange(refused_, true))
      log::error("the controller refused a connection: wrong key (CURVE), or too many connections");
  }
  if (hearts_wanted_ && is_connected()) connect_hearts();
  if (broke && !lost_) {
    lost_ = true;
    owner_.connection_lost();
  } else if (lost_ && is_connected()) {
    lost_ = false;
    owner_.connection_back();
  }
  return taken;
}

int Uplink::take_subscriptions() {
  int taken = 0;
  net::Frames frames;
  for (; taken < net::kDrainLimit && sockets_->iopub.receive(frames); ++taken)
    if (frames[0].view().starts_with('\1')) subscribed_ = true;
  if (hearts_wanted_ && is_connected()) connect_hearts();
  return taken;
}

}  // namespace ipc::engine
