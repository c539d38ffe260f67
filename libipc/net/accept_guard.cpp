// SPDX-License-Identifier: BSD-3-Clause
// A process that may open no more files refuses connections instead of ending.
#include "libipc/net/accept_guard.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<int> reserve{-1};

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int accept_connection(int listener, sockaddr* address, socklen_t* size, int flags) {
  return static_cast<int>(::syscall(SYS_accept4, listener, address, size, flags));
}

void refuse_connection(int listener) {
  if (const int spare = reserve.exchange(-1); spare >= 0) ::close(spare);
  const int peer = accept_connection(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (peer >= 0) ::close(peer);
  if (const int lost = reserve.exchange(open_reserve()); lost >= 0) ::close(lost);
}

}  // namespace

namespace ipc::net {

void guard_accept() {
  if (reserve >= 0) return;
  if (const int other = reserve.exchange(open_reserve()); other >= 0) ::close(other);
}

}  // namespace ipc::net

// In place of the C library's, for the shared libraries too.
extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  const int peer = accept_connection(listener, address, size, flags);
  if (peer >= 0 || errno != EMFILE) return peer;
  refuse_connection(listener);
  errno = ECONNABORTED;
  return -1;
}
