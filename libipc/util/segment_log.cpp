// SPDX-License-Identifier: BSD-3-Clause
// A log of entries with checksums, in files that are only appended to.
#include "libipc/util/segment_log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "libipc/util/file.hpp"

namespace ipc {
namespace {

// A segment begins with this; the digit is the version of the format.
constexpr std::string_view kMagic = "ipkit journal 1\n";
constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kPieces = 512;  // of one writev

// Before each entry. What is reserved and not written is zero, and so is the size there.
struct Head {
  std::uint32_t size = 0, checksum = 0;
};

std::uint32_t checksum(std::uint32_t before, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// The size is part of it: a size that is wrong does not go with what it would make of the bytes.
std::uint32_t checksum_of(std::uint32_t size, std::span<const std::string_view> pieces) {
  std::uint32_t sum = checksum(0, {reinterpret_cast<const char*>(&size), sizeof size});
  for (const auto piece : pieces) sum = checksum(sum, piece);
  return sum;
}

bool read_at(int fd, char* into, std::size_t size, std::size_t offset) {
  while (size > 0) {
    const ssize_t n = ::pread(fd, into, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    into += n, size -= static_cast<std::size_t>(n), offset += static_cast<std::size_t>(n);
  }
  return true;
}

bool write_at(int fd, std::vector<iovec>& parts, std::size_t offset) {
  for (std::size_t at = 0; at < parts.size();) {
    const auto count = static_cast<int>(std::min(parts.size() - at, kPieces));
    const ssize_t n = ::pwritev(fd, &parts[at], count, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    offset += static_cast<std::size_t>(n);
    for (auto left = static_cast<std::size_t>(n); at < parts.size(); ++at) {
      const std::size_t taken = std::min(left, parts[at].iov_len);
      parts[at].iov_base = static_cast<char*>(parts[at].iov_base) + taken;
      parts[at].iov_len -= taken;
      left -= taken;
      if (parts[at].iov_len > 0) break;
    }
  }
  return true;
}

bool cut(int fd, std::size_t size) {
  return ::ftruncate(fd, static_cast<off_t>(size)) == 0;
}

bool reserve(int fd, std::size_t size) {
  return ::fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0;
}

std::size_t size_of(int fd) {
  struct stat s;
  return ::fstat(fd, &s) == 0 ? static_cast<std::size_t>(s.st_size) : 0;
}

}  // namespace

std::string SegmentLog::path(std::uint32_t number) const {
  char name[32];
  std::snprintf(name, sizeof name, "/%08u", number);
  return directory_ + name + std::string(kSuffix);
}

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(const std::string& directory,
                                                     std::size_t segment_bytes) {
  IPC_TRY(make_directories(directory, 0700));
  struct stat s;
  if (::stat(directory.c_str(), &s) != 0) return system_error(Code::no_input, directory);
  if (s.st_uid != ::geteuid() || (s.st_mode & 022) != 0)
    return Error{Code::refused, directory + " can be written by others", "chmod 700 " + directory};
  std::unique_ptr<SegmentLog> log(new SegmentLog(directory, segment_bytes));
  IPC_TRY(log->find_segments());
  return log;
}

Status SegmentLog::find_segments() {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory_.c_str()), ::closedir);
  if (!listing) return system_error(Code::no_input, directory_);
  std::vector<std::uint32_t> numbers;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    unsigned number = 0;
    if (name.ends_with(kSuffix) && std::sscanf(entry->d_name, "%8u", &number) == 1 && number > 0)
      numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (const auto number : numbers) {
    Segment segment;
    segment.number = number;
    segment.fd.reset(::open(path(number).c_str(), O_RDWR | O_CLOEXEC));
    segment.end = kMagic.size();
    if (!segment.fd) return system_error(Code::no_input, path(number));
    segments_.push_back(std::move(segment));
    next_ = number + 1;
  }
  return {};
}

Status SegmentLog::replay(const Visit& visit, Damage& damage) {
  bytes_ = 0;
  for (const auto& segment : segments_) {
    const std::size_t before = damage.torn_bytes;
    IPC_TRY(replay(segment.number, visit, damage));
    bytes_ += segment.end;
    // What was reserved and not used is given back, what cannot be read is left to be looked at.
    if (damage.torn_bytes == before)
      cut(segment.fd.get(), segment.end);
  }
  std::erase_if(segments_, [&](const Segment& segment) {
    const bool empty = size_of(segment.fd.get()) <= kMagic.size();
    if (empty) ::unlink(path(segment.number).c_str());
    return empty;
  });
  return {};
}

Status SegmentLog::replay(std::uint32_t number, const Visit& visit, Damage& damage) {
  Segment* const segment = find(number);
  if (segment == nullptr) return {};
  const int fd = segment->fd.get();
  const std::size_t size = size_of(fd);
  const auto damaged = [&](std::size_t offset) {
    if (damage.where.empty()) damage.where = path(number) + ", byte " + std::to_string(offset);
  };
  std::string bytes(kMagic.size(), '\0');
  // One that was just being made may be empty, or zeros.
  if (size < kMagic.size() || !read_at(fd, bytes.data(), bytes.size(), 0)) return {};
  if (bytes != kMagic) {
    if (bytes.find_first_not_of('\0') == std::string::npos) return {};
    damaged(0);
    damage.torn_bytes += size;
    return {};
  }
  std::size_t offset = kMagic.size();
  for (Head head; size - offset >= sizeof head; offset += sizeof head + head.size) {
    if (!read_at(fd, reinterpret_cast<char*>(&head), sizeof head, offset))
      return system_error(Code::no_input, path(number));
    if (head.size == 0 && head.checksum == 0) break;
    if (head.size == 0 || head.size > size - offset - sizeof head) {
      damaged(offset);
      damage.torn_bytes += size - offset;
      break;
    }
    bytes.resize(head.size);
    if (!read_at(fd, bytes.data(), bytes.size(), offset + sizeof head))
      return system_error(Code::no_input, path(number));
    const std::string_view entry = bytes;
    if (checksum_of(head.size, {&entry, 1}) == head.checksum) {
      visit({number, static_cast<std::uint32_t>(offset), head.size}, entry);
    } else {
      damaged(offset);
      ++damage.entries;
    }
  }
  segment->end = std::max(segment->end, offset);
  return {};
}

SegmentLog::Segment* SegmentLog::find(std::uint32_t number) {
  const auto found =
      std::lower_bound(segments_.begin(), segments_.end(), number,
                       [](const Segment& s, std::uint32_t n) { return s.number < n; });
  return found == segments_.end() || found->number != number ? nullptr : &*found;
}

Result<SegmentLog::Segment> SegmentLog::make_segment(std::size_t bytes) {
  const std::string name = path(next_);
  Segment segment{next_, Fd(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)),
                  kMagic.size(), bytes};
  if (!segment.fd) return system_error(Code::no_input, name);
  const auto fail = [&] {
    const Error error = system_error(Code::no_input, name);
    ::unlink(name.c_str());
    return error;
  };
  // Where space cannot be reserved, the file grows as it is written.
  if (!reserve(segment.fd.get(), bytes) && errno != EOPNOTSUPP) return fail();
  std::vector<iovec> magic{{const_cast<char*>(kMagic.data()), kMagic.size()}};
  if (!write_at(segment.fd.get(), magic, 0)) return fail();
  if (::fsync(segment.fd.get()) != 0) return fail();
  const Fd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) (void)::fsync(directory.get());
  ++next_;
  return segment;
}

// The last segment has that much room, and another one is reserved behind it: what is vital does
// with the first alone.
Status SegmentLog::make_room(std::size_t bytes, bool vital) {
  const std::size_t needed = kMagic.size() + bytes;
  if (segments_.empty() || segments_.back().room < segments_.back().end + bytes) {
    if (spare_ && spare_->room < needed) {
      ::unlink(path(spare_->number).c_str());
      spare_.reset();
    }
    if (!spare_) {
      IPC_TRY_ASSIGN(Segment made, make_segment(std::max(segment_bytes_, needed)));
      spare_ = std::make_unique<Segment>(std::move(made));
    }
    if (!vital) {
      IPC_TRY_ASSIGN(Segment behind, make_segment(segment_bytes_));
      segments_.push_back(std::exchange(*spare_, std::move(behind)));
      return {};
    }
    segments_.push_back(std::move(*spare_));
    spare_.reset();
  }
  if (spare_) return {};
  auto made = make_segment(segment_bytes_);
  if (made)
    spare_ = std::make_unique<Segment>(*std::move(made));
  else if (!vital)
    return made.error();
  return {};
}

Status SegmentLog::write(Segment& segment, std::span<const std::string_view> pieces) {
  Head head;
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  head.size = static_cast<std::uint32_t>(size);
  head.checksum = checksum_of(head.size, pieces);
  std::vector<iovec> parts{{&head, sizeof head}};
  for (const auto piece : pieces)
    if (!piece.empty()) parts.push_back({const_cast<char*>(piece.data()), piece.size()});
  if (!write_at(segment.fd.get(), parts, segment.end)) {
    const Error error = system_error(Code::no_input, path(segment.number));
    // No part of it stays: what was written over zeros is zeros again.
    if (cut(segment.fd.get(), segment.end)) reserve(segment.fd.get(), segment.room);
    return error;
  }
  segment.end += sizeof head + size;
  bytes_ += sizeof head + size;
  return {};
}

Result<SegmentLog::Place> SegmentLog::append(std::span<const std::string_view> pieces,
                                             bool vital) {
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  if (size == 0 || size > kMostBytes)
    return Error{Code::bad_input, "an entry of " + std::to_string(size) + " bytes", ""};
  const std::uint32_t before = newest();
  IPC_TRY(make_room(sizeof(Head) + size, vital));
  // What the one before holds is not looked at again when the new one is synced.
  if (before != newest() && before != 0)
    if (Segment* full = find(before); full != nullptr && full->room > 0)
      if (::fdatasync(full->fd.get()) != 0) return system_error(Code::no_input, path(before));
  Segment& segment = segments_.back();
  const Place place{segment.number, static_cast<std::uint32_t>(segment.end),
                    static_cast<std::uint32_t>(size)};
  IPC_TRY(write(segment, pieces));
  return place;
}

Status SegmentLog::sync() {
  if (segments_.empty() || segments_.back().room == 0) return {};
  if (::fdatasync(segments_.back().fd.get()) != 0)
    return system_error(Code::no_input, path(segments_.back().number));
  return {};
}

Result<std::string> SegmentLog::read(const Place& place) {
  Segment* const segment = find(place.segment);
  const Error gone{Code::bad_input, path(place.segment) + ": the entry is damaged or gone", ""};
  if (segment == nullptr) return gone;
  Head head;
  std::string bytes(place.size, '\0');
  if (!read_at(segment->fd.get(), reinterpret_cast<char*>(&head), sizeof head, place.offset) ||
      !read_at(segment->fd.get(), bytes.data(), bytes.size(), place.offset + sizeof head))
    return gone;
  const std::string_view entry = bytes;
  if (head.size != place.size || checksum_of(head.size, {&entry, 1}) != head.checksum) return gone;
  return bytes;
}

void SegmentLog::drop_oldest() {
  if (segments_.size() < 2) return;
  ::unlink(path(segments_.front().number).c_str());
  bytes_ -= std::min(bytes_, segments_.front().end);
  segments_.pop_front();
}

}  // namespace ipc
