// SPDX-License-Identifier: BSD-3-Clause
// Bytes that can be read at any offset, more than memory holds if need be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::client {

/// Bytes in memory or in a file. Move only.
class Source {
 public:
  Source() = default;
  static Source of(std::string bytes);
  /// A regular file from the descriptor's present position to its present end. Takes the
  /// descriptor; its position stays as it is. Code::bad_input if it is not a regular file.
  static Result<Source> of_file(Fd fd);

  uint64_t size() const { return size_; }
  /// Exactly `length` bytes at `offset`; less is Code::bad_input "changed while it was read".
  Result<std::string> read(uint64_t offset, size_t length) const;
  /// The same into the caller's memory.
  Status read_into(uint64_t offset, std::span<char> place) const;

 private:
  std::string bytes_;
  Fd file_;  // none: bytes_
  uint64_t start_ = 0, size_ = 0;
};

/// Takes input as it comes: in memory up to `memory` bytes, beyond that in an unlinked temporary
/// file
/// ($TMPDIR or /tmp).
class Spool {
 public:
  explicit Spool(size_t memory = 32u << 20) : memory_(memory) {}

  Status append(std::string_view bytes);
  /// One read(2) from `fd`, which has to be readable; how many bytes came, 0 at the end of file.
  Result<size_t> append_from(int fd);
  /// Last byte taken, or -1.
  int last() const { return last_; }
  uint64_t size() const { return size_; }
  Result<Source> finish() &&;

 private:
  Status open_file();
  size_t memory_;
  std::string bytes_;
  std::string scratch_;
  Fd file_;
  uint64_t size_ = 0;
  int last_ = -1;
};

}  // namespace ipc::client
