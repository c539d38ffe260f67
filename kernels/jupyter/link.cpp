// SPDX-License-Identifier: BSD-3-Clause
// The engine's side: messages of the kernels' contract on the stream socket.
#include "kernels/jupyter/link.hpp"

#include <poll.h>

namespace ipc::jupyter {

EngineLink::EngineLink(net::Loop& loop, int fd, Handlers handlers)
    : loop_(loop), fd_(fd), handlers_(std::move(handlers)) {
  watch(false);
}

void EngineLink::watch(bool for_output) {
  watching_output_ = for_output;
  loop_.on_fd(fd_, static_cast<short>(for_output ? POLLIN | POLLOUT : POLLIN),
              [this](short events) { on_event(events); });
}

void EngineLink::on_event(short events) {
  if (events & POLLOUT) flush();
  if (!(events & ~POLLOUT)) return;
  using Input = engine::FrameReader::Input;
  const Input input = reader_.read(fd_);
  engine::KernelMessage message;
  while (reader_.next(message)) handlers_.message(message);
  if (input == Input::closed || reader_.broken()) {
    loop_.remove_fd(fd_);
    handlers_.closed();
  }
}

void EngineLink::send(std::string_view header, std::string_view parent, std::string_view content,
                      const std::vector<std::string_view>& buffers) {
  std::vector<std::string_view> parts = {header, parent, "{}", content};
  parts.insert(parts.end(), buffers.begin(), buffers.end());
  writer_.add(parts);
  flush();
}

void EngineLink::send_frames(std::string_view header, std::string_view parent,
                             std::string_view content, net::Frames&& buffers) {
  std::vector<std::string_view> parts = {header, parent, "{}", content};
  net::Frames frames(parts.size());
  for (auto& buffer : buffers) frames.push_back(std::move(buffer));
  // Only now: small frames have their bytes in themselves.
  for (size_t i = parts.size(); i < frames.size(); ++i) parts.push_back(frames[i].view());
  writer_.add(parts, frames);
  flush();
}

void EngineLink::flush() {
  // A closed socket is noticed by reading.
  const bool blocked = writer_.flush(fd_) == engine::FrameWriter::Output::blocked;
  if (blocked == watching_output_) return;
  watch(blocked);
  if (!blocked && handlers_.drained) handlers_.drained();
}

void EngineLink::flush_all() {
  const TimePoint end = Clock::now() + seconds(1);
  while (writer_.flush(fd_) == engine::FrameWriter::Output::blocked && Clock::now() < end) {
    pollfd item{fd_, POLLOUT, 0};
    ::poll(&item, 1, 100);
  }
}

}  // namespace ipc::jupyter
