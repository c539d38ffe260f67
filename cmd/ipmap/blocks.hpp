// SPDX-License-Identifier: BSD-3-Clause
// --pipe: where a stream is cut into blocks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ipmap {

/// How blocks are cut: between `end` and `start`, each of which may be empty, not both.
struct BlockRule {
  std::string end = "\n", start;
  size_t size = 1 << 20;  ///< of a block, about
  size_t records = 0;     ///< in a block; 0: by size
};

/// Finds block after block. Where they are cut depends on the bytes alone, not on how they come.
class BlockCutter {
 public:
  explicit BlockCutter(BlockRule rule)
      : rule_(std::move(rule)), mark_(rule_.end + rule_.start), wanted_(rule_.size) {}

  /// Length of the block at the beginning of `held`; 0: more has to come first. At the end of the
  /// stream (`ended`) the rest is one.
  size_t cut(std::string_view held, bool ended);

 private:
  size_t by_size(std::string_view held, bool ended);
  size_t by_records(std::string_view held, bool ended);

  BlockRule rule_;
  std::string mark_;  // what a cut is in the middle of
  size_t wanted_;     // grows while no record ends in it
  size_t looked_ = 0, found_ = 0;
};

}  // namespace ipmap
