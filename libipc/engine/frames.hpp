// SPDX-License-Identifier: BSD-3-Clause
// The stream between engine and kernel: length-prefixed frames (kernels/README.md), both ways.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/util/result.hpp"

namespace ipc::engine {

/// One message of the stream; `text` and `buffers` are views, valid until the reader's next call of
/// any kind. A buffer worth keeping without a copy is taken with FrameReader::take_buffer.
struct KernelMessage {
  std::string_view header, parent, metadata, content;
  std::vector<std::string_view> buffers;
};

/// Takes messages out of a byte stream. Small ones are read many at a time; the frames of large
/// ones are read straight into their place. Never blocks on a non-blocking descriptor.
class FrameReader {
 public:
  enum class Input { more, drained, closed, broken };

  FrameReader();
  /// Reads once. `more`: there may be more at once; `broken`: error() says why.
  Input read(int fd);
  /// The next whole message; false if it is not there yet, or the stream is broken.
  bool next(KernelMessage& message);
  bool broken() const { return !error_.empty(); }
  /// Why the stream makes no sense.
  const std::string& error() const { return error_; }
  /// Buffer `i` of the message last returned, as a frame; copied only if it is small.
  net::Frame take_buffer(const KernelMessage& message, size_t i);

 private:
  void compact();
  bool start_message();
  bool fill_large();

  std::string data_;  // bytes read and not yet taken: [begin_, end_)
  size_t begin_ = 0, end_ = 0;
  std::vector<size_t> lengths_;  // of the message that is being read; empty between messages
  bool large_ = false;
  net::Frames frames_;  // of a large message
  size_t filled_ = 0;   // bytes of the frame being filled, frames_[index_]
  size_t index_ = 0;
  bool handed_ = false;  // frames_ belongs to the message last returned
  std::string error_;
};

/// Bytes on their way into a non-blocking descriptor. Small parts are joined; large frames are kept
/// by reference and written from where they are.
class FrameWriter {
 public:
  enum class Output { done, blocked, closed };

  /// Queues one message of these parts. Large buffers are moved out of `frames` (same indices as
  /// the parts, or empty); everything else is copied.
  void add(std::span<const std::string_view> parts, std::span<net::Frame> frames = {});
  /// Writes as much as the descriptor takes.
  Output flush(int fd);
  bool empty() const { return chunks_.empty(); }

  /// Parts at least this large are worth keeping by reference.
  static constexpr size_t kLarge = 64 << 10;

 private:
  struct Chunk {
    std::string text;
    net::Frame frame;
    bool is_frame = false;
    std::string_view view() const { return is_frame ? frame.view() : std::string_view(text); }
  };
  std::string& tail();

  std::deque<Chunk> chunks_;
  size_t written_ = 0;  // of the first chunk
};

}  // namespace ipc::engine
