// SPDX-License-Identifier: BSD-3-Clause
// ZeroMQ sockets whose frames are moved, not copied.
#include "libipc/net/socket.hpp"

#include "libipc/net/accept_guard.hpp"
#include "libipc/net/tunnel.hpp"

#include <nss.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

namespace ipc::net {
namespace {

int zmq_type(SocketType type) {
  switch (type) {
    case SocketType::router:
      return ZMQ_ROUTER;
    case SocketType::dealer:
      return ZMQ_DEALER;
    case SocketType::pub:
      return ZMQ_PUB;
    case SocketType::sub:
      return ZMQ_SUB;
    case SocketType::xpub:
      return ZMQ_XPUB;
    case SocketType::push:
      return ZMQ_PUSH;
    case SocketType::pull:
      return ZMQ_PULL;
    case SocketType::pair:
      return ZMQ_PAIR;
  }
  return ZMQ_PAIR;
}

// A listening socket has thousands of peers. libzmq goes through a list of all its timers whenever
// one is taken back, as it is for each answer to a heartbeat: with N peers that is N * N steps in
// each interval. So the kernel watches them, by the same times; it tells us of every cut.
void watch_by_kernel(void* socket) {
  int interval = 0, timeout = 0;
  size_t size = sizeof interval;
  zmq_getsockopt(socket, ZMQ_HEARTBEAT_IVL, &interval, &size);
  zmq_getsockopt(socket, ZMQ_HEARTBEAT_TIMEOUT, &timeout, &size);
  if (interval <= 0) return;
  const auto set = [&](int option, int value) {
    zmq_setsockopt(socket, option, &value, sizeof value);
  };
  set(ZMQ_HEARTBEAT_IVL, 0);
  set(ZMQ_TCP_KEEPALIVE, 1);
  set(ZMQ_TCP_KEEPALIVE_IDLE, std::max(1, interval / 1000));
  set(ZMQ_TCP_KEEPALIVE_INTVL, std::max(1, interval / 1000));
  set(ZMQ_TCP_KEEPALIVE_CNT, std::max(1, timeout / interval - 1));
  set(ZMQ_TCP_MAXRT, timeout);  // where something is under way
}

Error zmq_error(const std::string& what) {
  return {Code::internal, what + ": " + zmq_strerror(zmq_errno()), ""};
}

}  // namespace

// With the first context ZeroMQ's libpgm looks up the number of its protocol, for which libc would
// search forty directories for plug-ins. None but it looks for protocols here.
static void* new_context() {
  [[maybe_unused]] static const int set = ::__nss_configure_lookup("protocols", "files");
  return zmq_ctx_new();
}

// ZeroMQ's limit of 1023 sockets stays: it writes a table of as many as there may be when the first
// is opened, and the most there may be is 200 pages, a quarter of what a command touches.
Context::Context(int io_threads) : context_(new_context()) {
  zmq_ctx_set(context_, ZMQ_IO_THREADS, io_threads);
}

Context::~Context() {
  zmq_ctx_term(context_);
}

Socket::Socket(Context& context, SocketType type)
    : socket_(zmq_socket(context.raw(), zmq_type(type))) {
  set(ZMQ_SNDHWM, 0);
  set(ZMQ_RCVHWM, 0);
  // Debian's default of 100 loses connection attempts of a fleet that starts at once.
  set(ZMQ_BACKLOG, 4096);
  set(ZMQ_LINGER, 0);
  // A router's names are for whoever came first (no ZMQ_ROUTER_HANDOVER): else every stranger could
  // take an engine's place, for good. Who was cut off comes anew until its old connection is gone.
  // After a cut the kernel itself would try again only at ever longer intervals.
  set(ZMQ_CONNECT_TIMEOUT, 3000);
}

Socket::Socket(Socket&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)),
      used_(std::move(other.used_)),
      order_(other.order_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(used_, other.used_);
  std::swap(order_, other.order_);
  return *this;
}

Socket::~Socket() {
  if (socket_ != nullptr) zmq_close(socket_);
}

void Socket::set(int option, int value) {
  zmq_setsockopt(use(), option, &value, sizeof value);
}

void Socket::set_identity(std::string_view identity) {
  zmq_setsockopt(use(), ZMQ_ROUTING_ID, identity.data(), identity.size());
}

void Socket::set_router_mandatory(bool on) {
  set(ZMQ_ROUTER_MANDATORY, on ? 1 : 0);
}
void Socket::set_all_subscriptions() {
  set(ZMQ_XPUB_VERBOSE, 1);
}
void Socket::set_linger(milliseconds time) {
  set(ZMQ_LINGER, static_cast<int>(time.count()));
}
void Socket::set_receive_limit(int messages) {
  set(ZMQ_RCVHWM, messages);
}

void Socket::set_max_message_size(int64_t bytes) {
  zmq_setsockopt(use(), ZMQ_MAXMSGSIZE, &bytes, sizeof bytes);
}

void Socket::set_heartbeat(milliseconds interval, milliseconds timeout) {
  set(ZMQ_HEARTBEAT_IVL, static_cast<int>(interval.count()));
  set(ZMQ_HEARTBEAT_TIMEOUT, static_cast<int>(timeout.count()));
}

void Socket::set_curve(const Curve& curve) {
  const auto set_key = [&](int option, const std::string& key) {
    zmq_setsockopt(use(), option, key.c_str(), key.size() + 1);
  };
  if (curve.is_server) set(ZMQ_CURVE_SERVER, 1);
  if (!curve.server_key.empty()) set_key(ZMQ_CURVE_SERVERKEY, curve.server_key);
  if (!curve.public_key.empty()) set_key(ZMQ_CURVE_PUBLICKEY, curve.public_key);
  set_key(ZMQ_CURVE_SECRETKEY, curve.secret_key);
}

void Socket::subscribe(std::string_view prefix) {
  zmq_setsockopt(use(), ZMQ_SUBSCRIBE, prefix.data(), prefix.size());
}

Result<std::string> Socket::bind(const std::string& endpoint) {
  guard_accept();
  watch_by_kernel(use());
  if (zmq_bind(use(), endpoint.c_str()) != 0) return zmq_error("cannot listen on " + endpoint);
  std::array<char, 512> bound;
  size_t size = bound.size();
  if (zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, bound.data(), &size) != 0)
    return zmq_error("cannot listen on " + endpoint);
  order_.join(std::hash<std::string_view>()(bound.data()));
  return std::string(bound.data());
}

Status Socket::connect(const std::string& endpoint) {
  if (zmq_connect(use(), endpoint.c_str()) != 0) return zmq_error("cannot connect to " + endpoint);
  order_.join(std::hash<std::string_view>()(endpoint));
  return {};
}

void Socket::disconnect(const std::string& endpoint) {
  zmq_disconnect(use(), endpoint.c_str());
}

bool Socket::receive(Frames& frames) {
  constexpr size_t kUsualFrames = 12;
  frames.clear();
  if (frames.capacity() == 0) frames.reserve(kUsualFrames);
  void* const socket = use();
  do {
    frames.emplace_back();
    // Parts of a message arrive together: after the first, the rest is there.
    if (zmq_msg_recv(frames.back().raw(), socket, ZMQ_DONTWAIT) >= 0) continue;
    frames.clear();
    // After an interrupted call messages may be there that the descriptor has told of already.
    if (zmq_errno() == EAGAIN) *used_ = false;
    return false;
  } while (zmq_msg_more(frames.back().raw()));
  order_.after();
  return true;
}

SendStatus Socket::send(std::span<Frame> frames) {
  void* const socket = use();
  order_.before();
  for (size_t i = 0; i < frames.size(); ++i) {
    const int more = i + 1 < frames.size() ? ZMQ_SNDMORE : 0;
    if (zmq_msg_send(frames[i].raw(), socket, ZMQ_DONTWAIT | more) >= 0) continue;
    return zmq_errno() == EHOSTUNREACH ? SendStatus::unreachable : SendStatus::would_block;
  }
  return SendStatus::sent;
}

SendStatus Socket::send(std::span<const std::string_view> frames) {
  Frames copies;
  copies.reserve(frames.size());
  for (const auto bytes : frames) copies.emplace_back(bytes);
  return send(std::span<Frame>(copies));
}

Status Socket::monitor(const std::string& endpoint) {
  const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_CONNECT_RETRIED;
  if (zmq_socket_monitor(use(), endpoint.c_str(), events) != 0)
    return zmq_error("cannot monitor a socket");
  return {};
}

void Socket::stop_monitor() {
  zmq_socket_monitor(use(), nullptr, 0);
}

ConnectionEvent next_event(Socket& monitor, bool& any, std::string* endpoint) {
  Frames frames;
  any = monitor.receive(frames);
  if (endpoint != nullptr && frames.size() > 1) *endpoint = frames[1].view();
  uint16_t event = 0;
  if (!any || frames[0].size() < sizeof event) return ConnectionEvent::none;
  std::memcpy(&event, frames[0].view().data(), sizeof event);
  switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectionEvent::connected;
    case ZMQ_EVENT_DISCONNECTED:
    case ZMQ_EVENT_CONNECT_RETRIED:
      return ConnectionEvent::disconnected;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      // A tunnel takes every connection, and ends it if there is nothing at the other side.
      if (frames.size() > 1 && frames[1].view().starts_with(kTunnelEndpoint))
        return ConnectionEvent::disconnected;
      return ConnectionEvent::refused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectionEvent::refused;
    default:
      return ConnectionEvent::none;
  }
}

Curve new_curve_keys() {
  std::array<char, 41> public_key{}, secret_key{};
  zmq_curve_keypair(public_key.data(), secret_key.data());
  return {"", public_key.data(), secret_key.data(), false};
}

std::string curve_public_key(const std::string& secret_key) {
  std::array<char, 41> public_key{};
  if (secret_key.size() != 40 || zmq_curve_public(public_key.data(), secret_key.c_str()) != 0)
    return "";
  return public_key.data();
}

}  // namespace ipc::net
