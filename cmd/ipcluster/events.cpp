// SPDX-License-Identifier: BSD-3-Clause
// What comes to the supervisor from outside: signals, ended children, requests of other verbs.
#include "cmd/ipcluster/events.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace ipc::cluster {
namespace {

constexpr size_t kRequestLimit = 64 * 1024;
// Callers whose request has not come yet: they may have no processor for seconds.
constexpr size_t kMostCallers = 64;

/// A socket's address is at most 107 bytes; through an open directory any path fits.
Result<sockaddr_un> address_of(const std::string& path, Fd& directory) {
  const size_t slash = path.find_last_of('/');
  directory.reset(::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error(Code::no_input, path);
  const std::string short_path =
      "/proc/self/fd/" + std::to_string(directory.get()) + path.substr(slash);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (short_path.size() >= sizeof address.sun_path)
    return Error{Code::usage, path + ": name too long", ""};
  std::memcpy(address.sun_path, short_path.c_str(), short_path.size() + 1);
  return address;
}

/// Appends what is there. True once it is a line, or nothing more will come.
bool read_line(int fd, std::string& text) {
  char bytes[4096];
  for (;;) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) return true;
    text.append(bytes, static_cast<size_t>(n));
    if (text.find('\n') != std::string::npos || text.size() >= kRequestLimit) return true;
  }
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Result<Fd> listen_at(const std::string& path) {
  Fd directory;
  IPC_TRY_ASSIGN(const sockaddr_un address, address_of(path, directory));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(path.c_str());
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 16) != 0)
    return system_error(Code::internal, path);
  return fd;
}

Result<Fd> connect_to(const std::string& path) {
  Fd directory;
  IPC_TRY_ASSIGN(const sockaddr_un address, address_of(path, directory));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error(Code::no_controller, path);
  return fd;
}

void Request::answer(Code code, const std::string& text) {
  const wire::Json reply = {{"code", static_cast<int>(code)}, {"text", text}};
  // Who asked may have left.
  (void)write_all(peer.get(), wire::dump_json(reply) + "\n");
  peer.reset();
}

Status Events::open(const std::string& socket_path) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(number)) sigaddset(&set, number);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return system_error(Code::internal, "signalfd");
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return system_error(Code::internal, "prctl");
  IPC_TRY_ASSIGN(listener_, listen_at(socket_path));
  return {};
}

void Events::attach(net::Loop& loop) {
  loop.on_fd(signals_.get(), POLLIN, [this](short) { read_signals(); });
  loop.on_fd(listener_.get(), POLLIN, [this, &loop](short) { accept_caller(loop); });
  for (const auto& [fd, caller] : callers_) watch(fd, loop);
  if (parent_pipe_ >= 0)
    loop.on_fd(parent_pipe_, 0, [this, &loop](short) {
      raise(SIGTERM);
      loop.remove_fd(parent_pipe_);
    });
}

void Events::read_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    if (info.ssi_signo != SIGCHLD) raise(static_cast<int>(info.ssi_signo));
}

void Events::accept_caller(net::Loop& loop) {
  Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ucred who{};
  socklen_t size = sizeof who;
  if (!peer || ::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return;
  if (who.uid != ::geteuid() && who.uid != 0) return;
  // For answers.
  const timeval limit{1, 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (callers_.size() >= kMostCallers) return;
  const int fd = peer.get();
  callers_.emplace(fd, Caller{std::move(peer), ""});
  watch(fd, loop);
}

void Events::watch(int fd, net::Loop& loop) {
  loop.on_fd(fd, POLLIN, [this, fd, &loop](short) {
    const auto caller = callers_.find(fd);
    // None: it was heard in another loop.
    if (caller != callers_.end() && !read_line(fd, caller->second.text)) return;
    loop.remove_fd(fd);
    if (caller == callers_.end()) return;
    take(caller->second);
    callers_.erase(caller);
  });
}

void Events::take(Caller& caller) {
  auto content = wire::parse_json(caller.text.substr(0, caller.text.find('\n')), 8);
  Request request{std::move(caller.peer), wire::Json()};
  if (!content || !content->is_object()) {
    request.answer(Code::bad_input, "not a request");
    return;
  }
  request.content = *std::move(content);
  // Its answer is that we end. It must not wait until what we do now is done.
  if (wire::string_or(request.content, "verb") == "stop") {
    raise(SIGTERM);
    stops_.push_back(std::move(request.peer));
    return;
  }
  requests_.push_back(std::move(request));
}

std::vector<std::pair<pid_t, int>> Events::take_ended() {
  std::vector<std::pair<pid_t, int>> ended;
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) ended.emplace_back(pid, status);
  return ended;
}

Request Events::take_request() {
  Request request = std::move(requests_.front());
  requests_.pop_front();
  return request;
}

}  // namespace ipc::cluster
