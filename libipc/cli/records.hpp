// SPDX-License-Identifier: BSD-3-Clause
// Items of input: taken from a descriptor or from the command line at the pace of their use.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// Some items in a row.
struct ItemBlock {
  std::uint64_t first = 0;  ///< number of the first one, from 1
  size_t count = 0;
  std::string bytes;  ///< each ended by the separator
};

/// The text of item `index` of a block.
std::string_view item_at(const std::string& bytes, char separator, size_t index);

/// Cuts a stream into items; holds what was read and not yet taken.
class RecordReader {
 public:
  /// `separator` ends each item in the input; the last one may lack it.
  explicit RecordReader(char separator) : separator_(separator) {}

  /// One read(2) of `fd`, which should be readable. False at end of file.
  Result<bool> fill(int fd);
  /// Adds items that are complete.
  void add(std::string_view bytes) { held_.append(bytes); }
  /// No more comes: an unfinished item is one too.
  void end();
  /// The same for bytes that are taken as they are.
  void end_bytes() { ended_ = true; }

  bool ended() const { return ended_; }
  /// True if there is nothing to take now.
  bool empty() const;
  size_t bytes() const { return held_.size() - taken_; }
  /// At least `count` whole items are there, or `limit` bytes of them.
  bool has(size_t count, size_t limit);
  /// Takes up to `count` items of up to `limit` bytes together (one item may be larger). `count` 0
  /// in the result: no whole item is there.
  ItemBlock take(size_t count, size_t limit);
  /// What is there, and the first `length` bytes of it as one item.
  std::string_view view() const { return std::string_view(held_).substr(taken_); }
  ItemBlock take_bytes(size_t length);

 private:
  // Bytes of up to `count` whole items within `limit`, and how many they are.
  size_t measure(size_t& count, size_t limit) const;
  ItemBlock take_out(size_t count, size_t length);

  char separator_;
  bool ended_ = false;
  std::string held_;
  size_t taken_ = 0;  // of held_
  std::uint64_t next_ = 1;
};

/// How items end, by -0 and -d. Code::usage for a delimiter of several characters.
Result<char> item_separator(const Arguments& arguments);

/// Operands after the first `:::` or `::::`, as sources: literal items, or names of files (`-` is
/// standard input).
struct ItemSource {
  bool is_file = false;
  bool linked = false;  ///< `:::+`, `::::+`: goes on with the source before it, item by item
  std::vector<std::string> words;
};

/// Cuts `operands` at the first `:::` or `::::`; several are several sources. Code::usage for
/// `::::` without words, and for a linked source that has none before it.
Result<std::vector<ItemSource>> cut_sources(std::vector<std::string>& operands);

using Row = std::vector<std::string>;

/// Every combination of the sources' items, the last changing fastest.
std::vector<Row> combine(const std::vector<std::vector<Row>>& sources);

/// Item i of both together; the shorter one ends it, or with `wrap` begins again (an empty one has
/// no items to begin with).
std::vector<Row> link(const std::vector<Row>& left, const std::vector<Row>& right, bool wrap);

}  // namespace ipc::cli
