// SPDX-License-Identifier: BSD-3-Clause
// Why a connection ends before it stands.
#include "libipc/net/greeting.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "libipc/util/fd.hpp"

namespace ipc::net {
namespace {

constexpr std::string_view kTcp = "tcp://", kLocal = "ipc://@";

Fd connect_local(std::string_view name) {
  sockaddr_un address{};
  if (name.size() >= sizeof address.sun_path) return {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  Fd peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
  return peer;
}

// The connection may still be under way: poll() says when it stands or has failed.
Fd connect_tcp(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(address.substr(0, colon).c_str(), address.c_str() + colon + 1, &hints,
                    &found) != 0) {
    errno = EHOSTUNREACH;
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Fd peer(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(peer.get(), found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS)
    return {};
  return peer;
}

// None, and errno, if it fails at once.
Fd connect_to(const std::string& endpoint) {
  errno = 0;
  if (endpoint.starts_with(kLocal)) return connect_local(endpoint.substr(kLocal.size()));
  if (endpoint.starts_with(kTcp)) return connect_tcp(endpoint.substr(kTcp.size()));
  return {};
}

}  // namespace

bool ends_without_greeting(const std::string& endpoint, milliseconds limit) {
  const Fd peer = connect_to(endpoint);
  if (!peer) return false;
  pollfd event{peer.get(), POLLIN, 0};
  if (::poll(&event, 1, static_cast<int>(limit.count())) != 1) return false;
  char first = 0;
  return ::recv(peer.get(), &first, 1, 0) == 0;
}

bool refuses(const std::string& endpoint, milliseconds limit) {
  const Fd peer = connect_to(endpoint);
  if (!peer) return errno == ECONNREFUSED;
  pollfd event{peer.get(), POLLOUT, 0};
  int error = 0;
  socklen_t size = sizeof error;
  return ::poll(&event, 1, static_cast<int>(limit.count())) == 1 &&
         ::getsockopt(peer.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
         error == ECONNREFUSED;
}

}  // namespace ipc::net
