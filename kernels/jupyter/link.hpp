// SPDX-License-Identifier: BSD-3-Clause
// The engine's side: messages of the kernels' contract on the stream socket.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/engine/frames.hpp"
#include "libipc/net/loop.hpp"

namespace ipc::jupyter {

/// Reads and writes the contract's frames. Lives in its loop's thread.
class EngineLink {
 public:
  struct Handlers {
    std::function<void(const engine::KernelMessage&)> message;
    std::function<void()> closed;        ///< the engine is gone, or sends what makes no sense
    std::function<void()> drained = {};  ///< no longer is_behind()
  };
  /// `fd`: the stream socket, non-blocking.
  EngineLink(net::Loop& loop, int fd, Handlers handlers);

  void send(std::string_view header, std::string_view parent, std::string_view content,
            const std::vector<std::string_view>& buffers = {});
  /// The same; large buffers are moved, not copied.
  void send_frames(std::string_view header, std::string_view parent, std::string_view content,
                   net::Frames&& buffers);
  /// Buffer `i` of the message that the handler was called with.
  net::Frame take_buffer(const engine::KernelMessage& message, size_t i) {
    return reader_.take_buffer(message, i);
  }
  /// The engine does not take what was sent: it waits here.
  bool is_behind() const { return watching_output_; }
  /// Waits until all of it is written, at most a second: for what is said last.
  void flush_all();

 private:
  void watch(bool for_output);
  void on_event(short events);
  void flush();

  net::Loop& loop_;
  int fd_;
  Handlers handlers_;
  engine::FrameReader reader_;
  engine::FrameWriter writer_;
  bool watching_output_ = false;
};

}  // namespace ipc::jupyter
