// SPDX-License-Identifier: BSD-3-Clause
// frames.cpp: a kernel's socket to the engine, message by message.
#include "kernels/common/frames.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

namespace ipkit::kernel {

namespace {

constexpr uint32_t max_frames = 4096;
constexpr size_t read_size = 1 << 16;

uint64_t little_endian(const char* bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

void append_little_endian(std::string& out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

[[noreturn]] void fail(const char* what) {
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
  _exit(70);
}

void write_all(int fd, std::vector<iovec> parts) {
  size_t first = 0;
  while (first < parts.size()) {
    const auto count = static_cast<int>(std::min<size_t>(parts.size() - first, 512));
    ssize_t done = writev(fd, &parts[first], count);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      leave();
    }
    while (first < parts.size() && static_cast<size_t>(done) >= parts[first].iov_len) {
      done -= static_cast<ssize_t>(parts[first++].iov_len);
    }
    if (first < parts.size()) {
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + done;
      parts[first].iov_len -= static_cast<size_t>(done);
    }
  }
}

}  // namespace

void leave() {
  if (getpgrp() == getpid()) {
    signal(SIGHUP, SIG_IGN);
    kill(0, SIGHUP);
  }
  _exit(0);
}

void Channel::fill(size_t wanted) {
  while (data_.size() - pos_ < wanted) {
    data_.erase(0, pos_);
    pos_ = 0;
    char chunk[read_size];
    const ssize_t got = read(fd_, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      leave();
    }
    data_.append(chunk, static_cast<size_t>(got));
  }
}

void Channel::read_exactly(char* to, size_t size) {
  const size_t have = std::min(size, data_.size() - pos_);
  memcpy(to, data_.data() + pos_, have);
  pos_ += have;
  for (size_t done = have; done < size;) {
    const ssize_t got = read(fd_, to + done, size - done);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      leave();
    }
    done += static_cast<size_t>(got);
  }
}

Frames Channel::receive() {
  fill(4);
  const auto count = static_cast<uint32_t>(little_endian(data_.data() + pos_, 4));
  if (count < 4 || count > max_frames) {
    fail("bad frame count from the engine");
  }
  const size_t head = 4 + 8 * static_cast<size_t>(count);
  fill(head);
  std::vector<uint64_t> lengths;
  for (uint32_t i = 0; i < count; ++i) {
    lengths.push_back(little_endian(data_.data() + pos_ + 4 + 8 * i, 8));
  }
  pos_ += head;
  Frames frames;
  try {
    for (uint64_t length : lengths) {
      frames.emplace_back().resize(length);
      read_exactly(frames.back().data(), length);
    }
  } catch (const std::bad_alloc&) {
    fail("no memory for a message");
  } catch (const std::length_error&) {
    fail("message of impossible size");
  }
  return frames;
}

bool Channel::asks_to_interrupt() {
  char chunk[4096];
  ssize_t got = 0;
  while ((got = recv(fd_, chunk, sizeof chunk, MSG_DONTWAIT)) > 0) {
    data_.append(chunk, static_cast<size_t>(got));
  }
  // Behind a request come interrupts of it, perhaps a hello, and nothing else (prefetch is 1).
  std::string_view rest = std::string_view(data_).substr(pos_);
  while (rest.size() >= 4) {
    const size_t count = little_endian(rest.data(), 4);
    size_t size = 4 + 8 * count;
    if (count > max_frames || rest.size() < size) {
      return false;
    }
    const size_t header = size;
    for (size_t i = 0; i < count; ++i) {
      size += little_endian(rest.data() + 4 + 8 * i, 8);
    }
    if (rest.size() < size) {
      return false;
    }
    const std::string_view text = rest.substr(header, little_endian(rest.data() + 4, 8));
    if (text.find("\"interrupt\"") != std::string_view::npos) {
      return true;
    }
    rest.remove_prefix(size);
  }
  return false;
}

void Channel::send(std::string_view header, std::string_view parent, std::string_view content,
                   const std::vector<std::string>& buffers) {
  std::vector<std::string_view> frames{header, parent, "{}", content};
  frames.insert(frames.end(), buffers.begin(), buffers.end());
  std::string head;
  append_little_endian(head, frames.size(), 4);
  for (std::string_view frame : frames) {
    append_little_endian(head, frame.size(), 8);
  }
  std::vector<iovec> parts{{head.data(), head.size()}};
  for (std::string_view frame : frames) {
    if (!frame.empty()) {
      parts.push_back({const_cast<char*>(frame.data()), frame.size()});
    }
  }
  write_all(fd_, std::move(parts));
}

bool Channel::engine_gone() const {
  pollfd entry{fd_, POLLRDHUP, 0};
  return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace ipkit::kernel
