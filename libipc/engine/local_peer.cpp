// SPDX-License-Identifier: BSD-3-Clause
// A process of this engine that sends and receives messages.
#include "libipc/engine/local_peer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "libipc/util/log.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

constexpr size_t kMostHead = 64 << 10;
// Then others have their turn.
constexpr int kReads = 32;

}  // namespace

LocalPeer::LocalPeer(net::Loop& loop, Fd fd, Callbacks callbacks)
    : loop_(loop), fd_(std::move(fd)), callbacks_(std::move(callbacks)) {
  poll_for(POLLIN);
}

LocalPeer::~LocalPeer() {
  if (fd_) loop_.remove_fd(fd_.get());
}

void LocalPeer::poll_for(short events) {
  if (events == events_) return;
  events_ = events;
  loop_.on_fd(fd_.get(), events, [this](short revents) { ready(revents); });
}

void LocalPeer::close() {
  if (!fd_) return;
  loop_.remove_fd(fd_.get());
  fd_.reset();
  callbacks_.closed();
}

void LocalPeer::ready(short revents) {
  if ((revents & POLLOUT) != 0) flush();
  if ((revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
  for (int i = 0; i < kReads && fd_; ++i)
    if (!read_once()) return;
}

// False: nothing more for now.
bool LocalPeer::read_once() {
  const bool in_body = head_ && got_ < body_.size();
  char chunk[16 << 10];
  char* const place = in_body ? body_.data() + got_ : chunk;
  const size_t room = in_body ? body_.size() - got_ : sizeof chunk;
  const ssize_t n = ::read(fd_.get(), place, room);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) return close(), false;
  if (in_body)
    got_ += static_cast<size_t>(n);
  else
    input_.append(chunk, static_cast<size_t>(n));
  if (parse()) return true;
  close();
  return false;
}

// False: it makes no sense.
bool LocalPeer::parse() {
  while (fd_) {
    if (!head_) {
      const size_t end = input_.find('\n');
      if (end == std::string::npos) return input_.size() <= kMostHead;
      if (!take_head()) return false;
    }
    fill_body();
    if (got_ < body_.size()) return true;
    const wire::Json head = *std::exchange(head_, {});
    callbacks_.asked(head, std::exchange(body_, {}));
  }
  return true;
}

bool LocalPeer::take_head() {
  const size_t end = input_.find('\n');
  auto parsed = wire::parse_json(std::string_view(input_).substr(0, end), 8);
  input_.erase(0, end + 1);
  if (!parsed || !parsed->is_object()) {
    log::warning("a process of the engine asked for something that is no JSON object");
    return false;
  }
  const int64_t size = wire::int_or(*parsed, "size", 0);
  if (size < 0) return false;
  got_ = 0;
  body_ = size > 0 ? net::Frame::sized(static_cast<size_t>(size)) : net::Frame();
  if (body_.size() != static_cast<size_t>(size)) {
    log::warning("no memory for a message of " + std::to_string(size) + " bytes");
    return false;
  }
  head_ = *std::move(parsed);
  return true;
}

void LocalPeer::fill_body() {
  const size_t n = std::min(input_.size(), body_.size() - got_);
  if (n == 0) return;
  std::memcpy(body_.data() + got_, input_.data(), n);
  input_.erase(0, n);
  got_ += n;
}

void LocalPeer::answer(wire::Json head, net::Frame&& body) {
  if (!fd_) return;
  head["size"] = body.size();
  output_.push_back(net::Frame::adopt(wire::dump_json(head) + "\n"));
  if (body.size() > 0) output_.push_back(std::move(body));
  flush();
}

// What it does not take now follows when it can. An error shows when it is read from.
void LocalPeer::flush() {
  while (fd_ && !output_.empty()) {
    const auto rest = output_.front().view().substr(sent_);
    const ssize_t n = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return poll_for(POLLIN | POLLOUT);
    if (n < 0) break;
    sent_ += static_cast<size_t>(n);
    if (static_cast<size_t>(n) < rest.size()) continue;
    output_.pop_front();
    sent_ = 0;
  }
  if (fd_) poll_for(POLLIN);
}

Result<MessageSocket> MessageSocket::open() {
  MessageSocket socket;
  socket.name = "@ipkit-" + random_hex(16) + "-m";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract: a name that begins with a zero byte, without one at its end.
  std::memcpy(address.sun_path + 1, socket.name.data() + 1, socket.name.size() - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.name.size());
  socket.fd.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.fd || ::bind(socket.fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(socket.fd.get(), 64) != 0)
    return system_error(Code::internal, "a socket for messages");
  return socket;
}

Fd accept_local(int listening) {
  Fd fd(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  ucred other{};
  socklen_t size = sizeof other;
  // An abstract socket has no permissions.
  if (fd && (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &other, &size) != 0 ||
             other.uid != ::geteuid())) {
    log::warning("a process of another user was turned away");
    fd.reset();
  }
  return fd;
}

}  // namespace ipc::engine
