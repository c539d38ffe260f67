// SPDX-License-Identifier: BSD-3-Clause
// frames.hpp: a kernel's socket to the engine, message by message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ipkit::kernel {

/// One message as it is on the socket: header, parent_header, metadata, content, buffers.
using Frames = std::vector<std::string>;

/// The engine's end of the frame socket. Not thread safe. The process ends (status 0) when the
/// engine is gone and with a message (status 70) when its bytes make no sense.
class Channel {
 public:
  /// Takes the descriptor over; blocking.
  explicit Channel(int fd) : fd_(fd) {}

  /// The next message; waits for it.
  Frames receive();

  /// Sends one message: header and content are JSON, buffers raw bytes.
  void send(std::string_view header, std::string_view parent, std::string_view content,
            const std::vector<std::string>& buffers = {});

  /// True if the engine has asked to interrupt the request received last. Does not wait. A signal
  /// that came before the request began had nothing to stop; the message before it is still there.
  bool asks_to_interrupt();

  int fd() const { return fd_; }

  /// True when the engine has closed its end. Does not wait, reads nothing.
  bool engine_gone() const;

 private:
  int fd_;
  std::string data_;
  size_t pos_ = 0;

  void fill(size_t wanted);
  void read_exactly(char* to, size_t size);
};

/// Ends the process because the engine is gone: what still runs in our process group gets SIGHUP.
[[noreturn]] void leave();

}  // namespace ipkit::kernel
