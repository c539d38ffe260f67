// SPDX-License-Identifier: BSD-3-Clause
// One connection to a ZeroMQ socket without libzmq: its sockets cost a descriptor, a mailbox and
// two queues each, and thousands of engines have six of them. ZMTP 3.0, NULL mechanism.
#pragma once

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libipc/util/fd.hpp"

namespace bench {

/// Where to connect; made once for many connections.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  /// Of `tcp://HOST:PORT` or `ipc://@NAME`; size stays 0 if it is neither.
  static Address of(const std::string& endpoint) {
    Address address;
    if (endpoint.starts_with("ipc://@")) {
      sockaddr_un local{};
      const std::string_view name = std::string_view(endpoint).substr(7);
      if (name.size() >= sizeof local.sun_path) return address;
      local.sun_family = AF_UNIX;
      std::memcpy(local.sun_path + 1, name.data(), name.size());
      address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
      std::memcpy(&address.bytes, &local, sizeof local);
    } else if (const size_t colon = endpoint.rfind(':');
               endpoint.starts_with("tcp://") && colon > 6) {
      const addrinfo wanted{AI_NUMERICSERV, AF_INET, SOCK_STREAM, 0, 0, nullptr, nullptr, nullptr};
      addrinfo* found = nullptr;
      if (::getaddrinfo(endpoint.substr(6, colon - 6).c_str(), endpoint.substr(colon + 1).c_str(),
                        &wanted, &found) != 0)
        return address;
      std::memcpy(&address.bytes, found->ai_addr, found->ai_addrlen);
      address.size = found->ai_addrlen;
      ::freeaddrinfo(found);
    }
    return address;
  }
};

/// One connection. Nothing waits: whoever has the descriptor in a poll calls read() and flush().
class Peer {
 public:
  using Message = std::vector<std::string_view>;
  enum class Opened { yes, later, failed };

  /// `type`: of our side, `DEALER` and the like; static. `identity` may be empty; it
  /// has to live as long as the peer.
  void describe(const char* type, std::string_view identity) {
    type_ = type;
    identity_ = identity;
  }
  /// Begins to connect; `later`: the listener's queue is full, try again.
  Opened open(const Address& address) {
    fd_ = ipc::Fd(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd_.get() < 0) return Opened::failed;
    const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
    if (::connect(fd_.get(), to, address.size) != 0 && errno != EINPROGRESS) {
      const bool full = errno == EAGAIN;
      fd_ = {};
      return full ? Opened::later : Opened::failed;
    }
    // Signature, version 3.0, mechanism, client, filler.
    out_.assign(1, '\xff');
    out_.append(8, '\0').append("\x7f\x03\x00NULL", 7).append(16 + 1 + 31, '\0');
    return Opened::yes;
  }
  void close() { *this = {}; }
  int fd() const { return fd_.get(); }
  bool is_open() const { return fd_.get() >= 0; }
  /// Both sides are done with the handshake: messages may be sent.
  bool is_up() const { return state_ == State::up; }

  /// One message, to leave with the next flush().
  void send(std::span<const std::string_view> frames) {
    for (size_t i = 0; i < frames.size(); ++i) put(frames[i], i + 1 < frames.size() ? kMore : 0);
  }
  /// True if something waits to be written.
  bool has_output() const { return !out_.empty(); }
  /// Writes what the socket takes. False: the connection is gone.
  bool flush() {
    size_t at = 0;
    while (at < out_.size()) {
      const ssize_t n = ::send(fd_.get(), out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN) return false;
      if (n < 0) break;
      at += static_cast<size_t>(n);
    }
    if (at == out_.size())
      std::string().swap(out_);  // thousands are idle at any time
    else
      out_.erase(0, at);
    return true;
  }
  /// Takes what is there and calls `take(Message&)` for each whole message; their bytes are valid
  /// only within the call. False: the connection is gone, or makes no sense.
  template <class Take>
  bool read(Take&& take) {
    static thread_local std::array<char, 64 << 10> piece;
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (n == 0) return false;
      if (n < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
      in_.append(piece.data(), static_cast<size_t>(n));
      if (!parse(take)) return false;
      if (static_cast<size_t>(n) < piece.size()) return true;
    }
  }

 private:
  enum class State : std::uint8_t { greeting, handshake, up };
  static constexpr unsigned char kMore = 1, kLong = 2, kCommand = 4;
  static constexpr size_t kGreeting = 64, kLargest = 1 << 30;

  void put(std::string_view body, unsigned flags) {
    const bool is_long = body.size() > 255;
    out_ += static_cast<char>(flags | (is_long ? kLong : 0u));
    for (int byte = is_long ? 7 : 0; byte >= 0; --byte)
      out_ += static_cast<char>(body.size() >> (8 * byte));
    out_ += body;
  }

  void put_ready() {
    std::string body = "\x05READY";
    const auto property = [&](std::string_view name, std::string_view value) {
      body += static_cast<char>(name.size());
      body += name;
      body.append(3, '\0') += static_cast<char>(value.size());
      body += value;
    };
    property("Socket-Type", type_);
    property("Identity", identity_);
    put(body, kCommand);
  }

  // Frame at `at` of what came: its end, 0 if it is not whole yet.
  size_t frame(size_t at, unsigned& flags, std::string_view& body) const {
    if (in_.size() < at + 2) return 0;
    flags = static_cast<unsigned char>(in_[at]);
    size_t size = static_cast<unsigned char>(in_[at + 1]), begin = at + 2;
    if ((flags & kLong) != 0) {
      if (in_.size() < at + 9) return 0;
      size = 0;
      for (size_t i = 1; i < 9; ++i) size = size << 8 | static_cast<unsigned char>(in_[at + i]);
      begin = at + 9;
    }
    if (size > kLargest || in_.size() < begin + size) return 0;
    body = std::string_view(in_).substr(begin, size);
    return begin + size;
  }

  template <class Take>
  bool parse(Take& take) {
    size_t done = 0, at = 0;
    if (state_ == State::greeting) {
      if (in_.size() < kGreeting) return true;
      if (in_[0] != '\xff' || in_[10] < 3) return false;
      state_ = State::handshake;
      put_ready();
      done = at = kGreeting;
    }
    Message message;
    std::string_view body;
    unsigned flags = 0;
    while (const size_t end = frame(at, flags, body)) {
      at = end;
      if ((flags & kCommand) != 0) {
        if (!command(body)) return false;
      } else {
        message.push_back(body);
        if ((flags & kMore) != 0) continue;
        take(message);
        message.clear();
      }
      done = at;
    }
    if (done == in_.size())
      std::string().swap(in_);
    else
      in_.erase(0, done);
    return true;
  }

  bool command(std::string_view body) {
    if (body.starts_with("\x05READY")) {
      state_ = State::up;
    } else if (body.starts_with("\x05"
                                "ERROR")) {
      return false;
    } else if (body.starts_with("\x04PING") && body.size() >= 7) {
      put(std::string("\x04PONG").append(body.substr(7)), kCommand);
    }
    return true;
  }

  ipc::Fd fd_;
  State state_ = State::greeting;
  const char* type_ = "";
  std::string_view identity_;
  std::string in_, out_;
};

}  // namespace bench
