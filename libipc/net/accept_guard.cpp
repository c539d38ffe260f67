// SPDX-License-Identifier: BSD-3-Clause
// A process that may open no more files refuses connections instead of ending.
#include "libipc/net/accept_guard.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "libipc/util/clock.hpp"
#include "libipc/util/file_limit.hpp"
#include "libipc/util/log.hpp"

namespace {

constexpr int kPorts = 65536;
constexpr ipc::Duration kSilence = std::chrono::minutes(1);  // between lines of the log

std::atomic<int> reserve{-1}, spare{0};
std::array<std::atomic<bool>, kPorts> yields{};
std::atomic<ipc::Duration::rep> quiet_until{0};

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int accept_connection(int listener, sockaddr* address, socklen_t* size, int flags) {
  return static_cast<int>(::syscall(SYS_accept4, listener, address, size, flags));
}

void refuse_connection(int listener) {
  if (const int held = reserve.exchange(-1); held >= 0) ::close(held);
  const int peer = accept_connection(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (peer >= 0) ::close(peer);
  if (const int lost = reserve.exchange(open_reserve()); lost >= 0) ::close(lost);
}

// The port, or the number that ends a local name; 0 if there is none.
int port_of(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) return 0;
  const std::string name(reinterpret_cast<const sockaddr_un&>(address).sun_path,
                         size - offsetof(sockaddr_un, sun_path));
  const auto number = name.find_last_not_of("0123456789");
  const int port = number == std::string::npos ? 0 : std::atoi(name.c_str() + number + 1);
  return port > 0 && port < kPorts ? port : 0;
}

// A kernel gives the lowest number that is free, so it tells how many there are.
bool is_too_many(int listener, int peer, std::uint64_t limit) {
  return limit > 0 && static_cast<std::uint64_t>(peer + spare) >= limit &&
         yields[static_cast<std::size_t>(port_of(listener))];
}

void complain(std::uint64_t limit, bool is_full) {
  const auto now = ipc::Clock::now().time_since_epoch().count();
  auto until = quiet_until.load();
  if (now < until || !quiet_until.compare_exchange_strong(until, now + kSilence.count())) return;
  ipc::log::warning(
      "connections are refused: this process may have " + std::to_string(limit) +
      " open files and all " +
      (is_full ? "are in use" : "but " + std::to_string(spare) + ", kept for engines, are in use") +
      "; ulimit -n before it starts gives more");
}

}  // namespace

namespace ipc::net {

void guard_accept() {
  if (reserve >= 0) return;
  if (const int other = reserve.exchange(open_reserve()); other >= 0) ::close(other);
}

void yield_files(int port) {
  if (port > 0 && port < kPorts) yields[static_cast<std::size_t>(port)] = true;
}

void set_spare_files(int count) {
  spare = count;
}

}  // namespace ipc::net

// In place of the C library's, for the shared libraries too.
extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  const int peer = accept_connection(listener, address, size, flags);
  const bool is_full = peer < 0 && errno == EMFILE;
  if (peer < 0 && !is_full) return peer;
  const std::uint64_t limit = ipc::file_limit(0);
  if (!is_full && !is_too_many(listener, peer, limit)) return peer;
  if (is_full)
    refuse_connection(listener);
  else
    ::close(peer);
  complain(limit, is_full);
  errno = ECONNABORTED;
  return -1;
}
