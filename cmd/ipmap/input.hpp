// SPDX-License-Identifier: BSD-3-Clause
// Where ipmap's items come from.
#pragma once

#include <optional>
#include <string>

#include "cmd/ipmap/settings.hpp"
#include "libipc/util/fd.hpp"

namespace ipmap {

/// Between the columns of several sources: what no item has.
inline constexpr char kUnit = '\x1f';

/// Items from standard input, from one file, or from the command line, read as they are wanted.
class Input {
 public:
  /// Opens files, and says so if items are typed at a terminal. Code::no_input.
  static ipc::Result<Input> open(const Settings& settings);

  /// The descriptor to wait for when more is wanted; -1 if everything is here.
  int fd() const { return reader_.ended() ? -1 : fd_; }
  int raw_fd() const { return fd_; }
  /// One read; at the end also looks at the verdict of a pipeline: Code::failed "input incomplete:
  /// …".
  ipc::Status fill();

  /// Up to `count` items of up to `limit` bytes together; with --pipe one block, whatever these
  /// are. None: there is not so much yet, unless `any` is enough.
  ipc::cli::ItemBlock take(size_t count, size_t limit, bool any);
  /// True if nothing is left to take.
  bool exhausted() const;
  /// What ends the items of its blocks.
  char separator() const { return separator_; }
  /// Number of all items, 0 if it is not known yet.
  std::uint64_t total() const { return total_; }

 private:
  Input(char separator, const Settings& settings) : separator_(separator), reader_(separator) {
    if (settings.pipe) cutter_.emplace(settings.blocks);
  }
  ipc::Status take_rows(const Settings& settings);

  char separator_;
  ipc::cli::RecordReader reader_;
  std::optional<BlockCutter> cutter_;
  ipc::Fd file_;
  int fd_ = 0;
  std::uint64_t total_ = 0;
};

/// The columns of an item by --colsep, or those of several sources.
std::vector<std::string> columns_of(std::string_view item, const Settings& settings);

/// Columns as a JSON list: what is written as a number is one, unless they are to be text.
std::string columns_json(const std::vector<std::string>& columns, const Settings& settings);

}  // namespace ipmap
