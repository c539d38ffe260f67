// SPDX-License-Identifier: BSD-3-Clause
// A log of entries with checksums, in files that are only appended to.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc {

/// Entries in the files of one directory (mode 0700, files 0600), called segments. An entry is in
/// the kernel's hands when append() returns, and outlives the process; it outlives the machine once
/// sync() has returned. Disk space is reserved a segment ahead. One thread; nobody else uses the
/// directory.
class SegmentLog {
 public:
  /// Where an entry is.
  struct Place {
    std::uint32_t segment = 0, offset = 0, size = 0;
    bool operator==(const Place&) const = default;
  };
  /// What replay() had to leave out.
  struct Damage {
    std::size_t entries = 0;     ///< whose checksum is wrong
    std::size_t torn_bytes = 0;  ///< behind the last entry that can be read
    std::string where;           ///< the first of it: file and offset
  };
  using Visit = std::function<void(const Place&, std::string_view entry)>;
  static constexpr std::size_t kSegment = 4 << 20;      ///< bytes of a segment
  static constexpr std::size_t kMostBytes = 1u << 30;  ///< of one entry

  /// Makes the directory if there is none. Code::refused if others can write there, else what the
  /// system says. What is there is kept; new entries go into a new segment.
  static Result<std::unique_ptr<SegmentLog>> open(const std::string& directory,
                                                  std::size_t segment_bytes = kSegment);

  /// Visits every whole entry, oldest first; once, before anything is appended. A torn or damaged
  /// one is left out and counted.
  Status replay(const Visit& visit, Damage& damage);
  /// The same for one segment.
  Status replay(std::uint32_t segment, const Visit& visit, Damage& damage);

  /// Writes one entry of these pieces. Code::no_input, with the system's reason, if there is no
  /// space or the disk fails: then nothing was written. The last segment that is reserved is for
  /// those that are `vital`.
  Result<Place> append(std::span<const std::string_view> pieces, bool vital);
  /// Whatever was appended is on the disk when this returns.
  Status sync();
  /// One entry again. Code::bad_input if it is not what was written.
  Result<std::string> read(const Place& place);

  /// Numbers of the first segment and of the one that is written; they grow by one.
  std::uint32_t oldest() const { return segments_.empty() ? 0 : segments_.front().number; }
  std::uint32_t newest() const { return segments_.empty() ? 0 : segments_.back().number; }
  bool has(std::uint32_t segment) const { return segment >= oldest() && segment <= newest(); }
  /// Removes the first segment, which must not be the one that is written.
  void drop_oldest();
  /// Bytes of all entries there are, with what belongs to them.
  std::size_t bytes() const { return bytes_; }
  const std::string& directory() const { return directory_; }

 private:
  struct Segment {
    std::uint32_t number = 0;
    Fd fd;
    std::size_t end = 0;   // of what is written
    std::size_t room = 0;  // bytes reserved; 0: nothing is appended here
  };

  SegmentLog(std::string directory, std::size_t segment_bytes)
      : directory_(std::move(directory)), segment_bytes_(segment_bytes) {}
  std::string path(std::uint32_t number) const;
  Status find_segments();
  Result<Segment> make_segment(std::size_t bytes);
  Status make_room(std::size_t bytes, bool vital);
  Segment* find(std::uint32_t number);
  Status write(Segment& segment, std::span<const std::string_view> pieces);

  std::string directory_;
  std::size_t segment_bytes_;
  std::deque<Segment> segments_;
  std::unique_ptr<Segment> spare_;  // reserved, for when the last one is full
  std::uint32_t next_ = 1;
  std::size_t bytes_ = 0;
};

}  // namespace ipc
