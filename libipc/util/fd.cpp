// SPDX-License-Identifier: BSD-3-Clause
// File descriptors: an owner, and whole reads and writes.
#include "libipc/util/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "libipc/util/size.hpp"

namespace ipc {

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<FdPair> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return system_error(Code::internal, "pipe");
  return FdPair{Fd(fds[0]), Fd(fds[1])};
}

Result<FdPair> make_socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return system_error(Code::internal, "socketpair");
  return FdPair{Fd(fds[0]), Fd(fds[1])};
}

static Status change_flag(int fd, int get, int set, int flag, bool on) {
  int flags = ::fcntl(fd, get);
  if (flags < 0 || ::fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
    return system_error(Code::internal, "fcntl");
  return {};
}

Status set_nonblocking(int fd, bool on) {
  return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

Status set_cloexec(int fd, bool on) {
  return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

Result<std::string> read_all(int fd, size_t limit) {
  std::string bytes;
  for (;;) {
    const size_t old = bytes.size();
    // Most files are small, and pages that are touched cost more than the reading.
    bytes.resize(old + std::clamp<size_t>(old, 4096, 64 * 1024));
    ssize_t n = ::read(fd, bytes.data() + old, bytes.size() - old);
    if (n < 0 && errno == EINTR)
      n = 0, bytes.resize(old);
    else if (n < 0)
      return system_error(Code::no_input, "read");
    else if (bytes.resize(old + static_cast<size_t>(n)); n == 0)
      return bytes;
    if (bytes.size() > limit)
      return Error{Code::bad_input, "more than " + size_text(limit), ""};
  }
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd item{fd, POLLOUT, 0};
      ::poll(&item, 1, -1);
    } else if (errno != EINTR) {
      return system_error(Code::internal, "cannot write");
    }
  }
  return {};
}

}  // namespace ipc
