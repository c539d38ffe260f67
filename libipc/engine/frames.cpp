// SPDX-License-Identifier: BSD-3-Clause
// The stream between engine and kernel: length-prefixed frames.
#include "libipc/engine/frames.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace ipc::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "integers go out as they are");

constexpr size_t kBuffer = 256 << 10;
constexpr size_t kMaxFrames = 4096;
constexpr size_t kMaxMessage = size_t{1} << 40;
constexpr size_t kPrefix = 4;
constexpr size_t kTexts = 4;  // header, parent, metadata, content come before the buffers

size_t head_size(size_t count) {
  return kPrefix + 8 * count;
}

}  // namespace

FrameReader::FrameReader() : data_(kBuffer, '\0') {}

void FrameReader::compact() {
  if (begin_ == 0) return;
  std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

FrameReader::Input FrameReader::read(int fd) {
  if (broken()) return Input::broken;
  if (handed_) frames_.clear(), handed_ = false;
  compact();
  std::array<iovec, 2> parts{};
  int count = 0;
  size_t direct = 0;
  // What the buffer held of a large frame was moved already, so its rest comes first.
  if (large_ && index_ < lengths_.size() && begin_ == end_) {
    direct = lengths_[index_] - filled_;
    parts[static_cast<size_t>(count++)] = {frames_[index_].data() + filled_, direct};
  }
  parts[static_cast<size_t>(count++)] = {data_.data() + end_, data_.size() - end_};
  ssize_t n;
  do n = ::readv(fd, parts.data(), count);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN ? Input::drained : Input::closed;
  if (n == 0) return Input::closed;
  const size_t got = static_cast<size_t>(n);
  const size_t room = direct + data_.size() - end_;
  filled_ += std::min(got, direct);
  end_ += got - std::min(got, direct);
  return got == room ? Input::more : Input::drained;
}

bool FrameReader::start_message() {
  const size_t have = end_ - begin_;
  if (have < kPrefix) return false;
  std::uint32_t count;
  std::memcpy(&count, data_.data() + begin_, kPrefix);
  if (count < kTexts || count > kMaxFrames) {
    error_ = "message of " + std::to_string(count) + " frames";
    return false;
  }
  if (have < head_size(count)) return false;
  size_t total = 0;
  lengths_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    std::uint64_t length;
    std::memcpy(&length, data_.data() + begin_ + kPrefix + 8 * i, 8);
    if (length > kMaxMessage || (total += length) > kMaxMessage) {
      error_ = "message of more than " + std::to_string(kMaxMessage) + " bytes";
      return lengths_.clear(), false;
    }
    lengths_[i] = length;
  }
  large_ = head_size(count) + total > data_.size();
  if (!large_) return true;
  begin_ += head_size(count);
  index_ = filled_ = 0;
  frames_.clear();
  return true;
}

// Moves what the buffer has into the frames of a large message; true when it is whole. Frames are
// made one at a time, when their first byte is due: a wrong length costs address space only.
bool FrameReader::fill_large() {
  for (; index_ < lengths_.size(); ++index_, filled_ = 0) {
    const size_t length = lengths_[index_];
    if (frames_.size() == index_) {
      frames_.push_back(net::Frame::sized(length));
      if (frames_.back().size() != length) {
        error_ = "no memory for a frame of " + std::to_string(length) + " bytes";
        return false;
      }
    }
    const size_t part = std::min(length - filled_, end_ - begin_);
    std::memcpy(frames_[index_].data() + filled_, data_.data() + begin_, part);
    begin_ += part;
    filled_ += part;
    if (filled_ < length) return false;
  }
  return true;
}

bool FrameReader::next(KernelMessage& message) {
  if (handed_) frames_.clear(), handed_ = false;
  if (broken() || (lengths_.empty() && !start_message())) return false;
  const size_t count = lengths_.size();
  std::array<std::string_view, kTexts> text;
  message.buffers.clear();
  const auto assign = [&](size_t i, std::string_view bytes) {
    if (i < kTexts)
      text[i] = bytes;
    else
      message.buffers.push_back(bytes);
  };
  if (large_) {
    if (!fill_large()) return false;
    for (size_t i = 0; i < count; ++i) assign(i, frames_[i].view());
    handed_ = true;
  } else {
    size_t total = head_size(count);
    for (const size_t length : lengths_) total += length;
    if (end_ - begin_ < total) return false;
    const char* at = data_.data() + begin_ + head_size(count);
    for (size_t i = 0; i < count; at += lengths_[i++]) assign(i, {at, lengths_[i]});
    begin_ += total;
  }
  lengths_.clear();
  large_ = false;
  message.header = text[0];
  message.parent = text[1];
  message.metadata = text[2];
  message.content = text[3];
  return true;
}

net::Frame FrameReader::take_buffer(const KernelMessage& message, size_t i) {
  if (handed_) return frames_[i + kTexts].share();
  return net::Frame(message.buffers[i]);
}

std::string& FrameWriter::tail() {
  if (chunks_.empty() || chunks_.back().is_frame || chunks_.back().text.size() > kLarge)
    chunks_.emplace_back();
  return chunks_.back().text;
}

void FrameWriter::add(std::span<const std::string_view> parts, std::span<net::Frame> frames) {
  std::string& head = tail();
  const auto append_number = [&head](auto number) {
    head.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  append_number(static_cast<std::uint32_t>(parts.size()));
  for (const auto part : parts) append_number(static_cast<std::uint64_t>(part.size()));
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i >= kTexts && i < frames.size() && parts[i].size() >= kLarge &&
        frames[i].size() == parts[i].size()) {
      chunks_.push_back({{}, std::move(frames[i]), true});
    } else {
      tail().append(parts[i]);
    }
  }
}

FrameWriter::Output FrameWriter::flush(int fd) {
  while (!chunks_.empty()) {
    std::array<iovec, 64> parts{};
    int count = 0;
    size_t skip = written_;
    for (const Chunk& chunk : chunks_) {
      if (count == static_cast<int>(parts.size())) break;
      const std::string_view bytes = chunk.view().substr(skip);
      skip = 0;
      parts[static_cast<size_t>(count++)] = {const_cast<char*>(bytes.data()), bytes.size()};
    }
    msghdr out{};
    out.msg_iov = parts.data();
    out.msg_iovlen = static_cast<size_t>(count);
    ssize_t n;
    do n = ::sendmsg(fd, &out, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0) return errno == EAGAIN ? Output::blocked : Output::closed;
    written_ += static_cast<size_t>(n);
    while (!chunks_.empty() && written_ >= chunks_.front().view().size()) {
      written_ -= chunks_.front().view().size();
      chunks_.pop_front();
    }
  }
  return Output::done;
}

}  // namespace ipc::engine
