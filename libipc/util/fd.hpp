// SPDX-License-Identifier: BSD-3-Clause
// File descriptors: an owner, and whole reads and writes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "libipc/util/result.hpp"

namespace ipc {

/// Owns one descriptor and closes it. Move only. Not for threads.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Two ends of a pipe or a socket pair, both close-on-exec.
struct FdPair {
  Fd first;   ///< pipe: the read end
  Fd second;  ///< pipe: the write end
};

Result<FdPair> make_pipe();
/// Connected UNIX stream sockets.
Result<FdPair> make_socket_pair();

Status set_nonblocking(int fd, bool on = true);
Status set_cloexec(int fd, bool on = true);

/// Reads until end of file into one string of at most `limit` bytes (more is Code::bad_input).
Result<std::string> read_all(int fd, size_t limit);
/// Writes everything, waiting where the descriptor blocks. EPIPE is an error like any other; the
/// caller ignores SIGPIPE.
Status write_all(int fd, std::string_view bytes);

}  // namespace ipc
