// SPDX-License-Identifier: BSD-3-Clause
// A way to a controller's ports through an ssh server, inside this process.
#include "libipc/net/tunnel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <list>
#include <optional>
#include <set>
#include <thread>

#include "libipc/util/fd.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::net {
namespace {

constexpr size_t kPart = 32768;
constexpr Duration kHold = milliseconds(500);
constexpr size_t kMostWaiting = 256 * 1024;  // beyond it ssh's own window holds the sender back

std::set<int> ports_of(const Connection& connection) {
  std::set<int> ports(connection.broadcast.begin(), connection.broadcast.end());
  for (const auto& [name, port] : connection.ports) ports.insert(port);
  return ports;
}

/// Where a port is for the ssh server: the host of `tcp://HOST:PORT`.
std::string host_of(const Connection& connection, int port) {
  const std::string address = connection.address(port);
  const size_t from = address.find("://") + 3;
  return address.substr(from, address.rfind(':') - from);
}

/// The listening end of local_endpoint().
Result<Fd> listen_at(const std::string& local, int port) {
  const std::string name = local_endpoint(local, port).substr(std::strlen("ipc://@"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof address.sun_path) return Error{Code::internal, "name too long", ""};
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(fd.get(), 64) != 0)
    return system_error(Code::internal, "tunnel");
  return fd;
}

bool is_ours(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == ::geteuid();
}

struct Listener {
  Fd fd;
  std::string host;
  int port;
};

/// One connection of ours and its channel.
struct Pipe {
  Fd fd;
  std::string host;
  int port;
  ssh_channel channel = nullptr;
  bool is_open = false, is_over = false;
  std::optional<TimePoint> refused;  ///< when the far side would not have it
  std::string inward, outward;       ///< waiting for the descriptor; for the channel
};

}  // namespace

std::string tunnel_server(const Connection& connection) {
  if (connection.is_here) return "";
  if (const char* server = std::getenv("IPKIT_SSH"); server != nullptr && *server != '\0')
    return std::string_view(server) == "none" ? "" : server;
  const std::string& location = connection.location;
  const bool here = location.empty() || location == "localhost" || location == "127.0.0.1" ||
                    location == host_name();
  return here ? "" : connection.ssh;
}

struct Tunnel::Impl {
  SshHost server;
  SshSettings settings;
  std::string local;  ///< name that the endpoints begin with
  std::set<int> ports;
  std::vector<Listener> listeners;
  FdPair wake;  ///< closed to end the thread
  std::optional<SshSession> session;
  ssh_event event = nullptr;
  TimePoint next_login;
  std::list<Pipe> pipes;
  std::thread thread;

  Status log_in();
  void log_out();
  void run();
  void turn(const std::vector<pollfd>& ready);
  std::vector<pollfd> wanted() const;
  void accept(Listener& listener);
  bool serve(Pipe& pipe);
  void open_channel(Pipe& pipe);
  void take_from_channel(Pipe& pipe);
  void give_to_channel(Pipe& pipe);
  void close(Pipe& pipe);
};

Status Tunnel::Impl::log_in() {
  next_login = Clock::now() + seconds(1);
  IPC_TRY_ASSIGN(auto opened, SshSession::open(server, settings));
  session.emplace(std::move(opened));
  const LibSsh& lib = session->lib();
  lib.ssh_set_blocking(session->raw(), 0);
  event = lib.ssh_event_new();
  if (event == nullptr || lib.ssh_event_add_session(event, session->raw()) != SSH_OK)
    return Error{Code::internal, server.text() + ": no memory for a tunnel", ""};
  return {};
}

void Tunnel::Impl::log_out() {
  for (auto& pipe : pipes) close(pipe);
  pipes.clear();
  if (!session) return;
  const LibSsh& lib = session->lib();
  if (event != nullptr) {
    lib.ssh_event_remove_session(event, session->raw());
    lib.ssh_event_free(event);
  }
  event = nullptr;
  session.reset();
}

void Tunnel::Impl::close(Pipe& pipe) {
  if (pipe.channel != nullptr) session->lib().ssh_channel_free(pipe.channel);
  pipe.channel = nullptr;
  pipe.fd.reset();
}

std::vector<pollfd> Tunnel::Impl::wanted() const {
  std::vector<pollfd> all{{wake.first.get(), POLLIN, 0}};
  for (const auto& listener : listeners) all.push_back({listener.fd.get(), POLLIN, 0});
  int flags = 0;
  if (session) flags = session->lib().ssh_get_poll_flags(session->raw());
  const auto events = static_cast<short>(POLLIN | ((flags & SSH_WRITE_PENDING) ? POLLOUT : 0));
  all.push_back({session ? session->lib().ssh_get_fd(session->raw()) : -1, events, 0});
  for (const auto& pipe : pipes) {
    short of_pipe = pipe.is_open && pipe.outward.empty() ? POLLIN : 0;
    if (!pipe.inward.empty()) of_pipe = static_cast<short>(of_pipe | POLLOUT);
    // One that nothing is wanted from would wake us for ever once its other end has gone.
    all.push_back({of_pipe ? pipe.fd.get() : -1, of_pipe, 0});
  }
  return all;
}

void Tunnel::Impl::run() {
  for (;;) {
    std::vector<pollfd> fds = wanted();
    // While a channel opens or its window is closed nothing but the session wakes us.
    if (::poll(fds.data(), fds.size(), 1000) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return log_out();
    turn(fds);
  }
}

void Tunnel::Impl::turn(const std::vector<pollfd>& ready) {
  if (session && ready[listeners.size() + 1].revents != 0)
    session->lib().ssh_event_dopoll(event, 0);
  if (session && !session->lib().ssh_is_connected(session->raw())) log_out();
  for (size_t i = 0; i < listeners.size(); ++i)
    if (ready[i + 1].revents != 0) accept(listeners[i]);
  for (auto pipe = pipes.begin(); pipe != pipes.end();) {
    const bool goes_on = serve(*pipe);
    if (!goes_on) close(*pipe);
    pipe = goes_on ? std::next(pipe) : pipes.erase(pipe);
  }
}

void Tunnel::Impl::accept(Listener& listener) {
  Fd fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd || !is_ours(fd.get())) return;
  // Whoever connected tries again when this is closed.
  if (!session && (Clock::now() < next_login || !log_in())) {
    log_out();
    return;
  }
  Pipe& pipe = pipes.emplace_back();
  pipe.fd = std::move(fd);
  pipe.host = listener.host;
  pipe.port = listener.port;
  pipe.channel = session->lib().ssh_channel_new(session->raw());
}

void Tunnel::Impl::open_channel(Pipe& pipe) {
  const int outcome = session->lib().ssh_channel_open_forward(pipe.channel, pipe.host.c_str(),
                                                              pipe.port, "127.0.0.1", 0);
  pipe.is_open = outcome == SSH_OK;
  if (outcome == SSH_ERROR) pipe.refused = Clock::now();
}

void Tunnel::Impl::take_from_channel(Pipe& pipe) {
  const LibSsh& lib = session->lib();
  char bytes[kPart];
  while (pipe.inward.size() < kMostWaiting) {
    const int n = lib.ssh_channel_read_nonblocking(pipe.channel, bytes, sizeof bytes, 0);
    if (n <= 0) break;
    pipe.inward.append(bytes, static_cast<size_t>(n));
  }
  size_t written = 0;
  while (written < pipe.inward.size()) {
    const ssize_t n = ::send(pipe.fd.get(), pipe.inward.data() + written,
                             pipe.inward.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) pipe.is_over = true;
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  pipe.inward.erase(0, written);
  if (pipe.inward.empty() && lib.ssh_channel_is_eof(pipe.channel)) pipe.is_over = true;
  if (!lib.ssh_channel_is_open(pipe.channel)) pipe.is_over = true;
}

void Tunnel::Impl::give_to_channel(Pipe& pipe) {
  const LibSsh& lib = session->lib();
  for (size_t given = 0; given < kMostWaiting;) {
    if (pipe.outward.empty()) {
      char bytes[kPart];
      const ssize_t n = ::recv(pipe.fd.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) pipe.is_over = true;
      if (n <= 0) return;
      pipe.outward.assign(bytes, static_cast<size_t>(n));
    }
    const int n = lib.ssh_channel_write(pipe.channel, pipe.outward.data(),
                                        static_cast<uint32_t>(pipe.outward.size()));
    if (n < 0) pipe.is_over = true;
    if (n <= 0) return;
    pipe.outward.erase(0, static_cast<size_t>(n));
    given += static_cast<size_t>(n);
  }
}

/// False when it is over.
bool Tunnel::Impl::serve(Pipe& pipe) {
  // Who tries again at once shall not keep the server busy.
  if (pipe.refused) return Clock::now() - *pipe.refused < kHold;
  if (!pipe.is_open) open_channel(pipe);
  if (pipe.is_open) take_from_channel(pipe);
  if (pipe.is_open && !pipe.is_over) give_to_channel(pipe);
  return !pipe.is_over;
}

Tunnel::Tunnel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Tunnel>> Tunnel::open(const std::string& server, const SshSettings& settings,
                                             Connection& connection) {
  auto impl = std::make_unique<Impl>();
  IPC_TRY_ASSIGN(impl->server, parse_ssh_host(server));
  impl->settings = settings;
  impl->local = std::string(kTunnelEndpoint.substr(std::strlen("ipc://@"))) +
                std::to_string(::getpid()) + "-" + random_hex(8);
  impl->ports = ports_of(connection);
  connection.is_here = false;
  for (const int port : impl->ports) {
    IPC_TRY_ASSIGN(Fd fd, listen_at(impl->local, port));
    impl->listeners.push_back({std::move(fd), host_of(connection, port), port});
  }
  IPC_TRY_ASSIGN(impl->wake, make_pipe());
  IPC_TRY(impl->log_in());
  std::unique_ptr<Tunnel> tunnel(new Tunnel(std::move(impl)));
  tunnel->lead(connection);
  // Signals are for the threads that were there before.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  tunnel->impl_->thread = std::thread([impl = tunnel->impl_.get()] {
    name_thread("ssh tunnel");
    impl->run();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return tunnel;
}

bool Tunnel::lead(Connection& connection) const {
  if (ports_of(connection) != impl_->ports) return false;
  connection.controller.local = impl_->local;
  connection.is_here = true;
  return true;
}

Tunnel::~Tunnel() {
  impl_->wake.second.reset();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->log_out();
}

}  // namespace ipc::net
