// SPDX-License-Identifier: BSD-3-Clause
// The job log of a map: which items are done already, and a line for each that was printed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cmd/ipmap/payload.hpp"
#include "cmd/ipmap/settings.hpp"
#include "cmd/ipmap/tail.hpp"
#include "libipc/cli/joblog.hpp"

namespace ipmap {

/// An item's line for the log, and how many bytes of output it stands for.
using Receipt = std::pair<size_t, ipc::cli::JobRecord>;

/// A line is written when all bytes of the item's result have been given to standard output, so a
/// map that is killed may have printed more than it logged, never less. What it printed too much
/// is at the end of its output, and known by OutputMark.
class Ledger {
 public:
  /// Null without --joblog. Code::exists if another program writes the log.
  static ipc::Result<std::unique_ptr<Ledger>> open(const Settings& settings);

  /// True if this item or one after it may be done already.
  bool knows_from(std::uint64_t item) const { return item <= last_; }
  /// What of `block` is not done, and, in `done`, the first item and the number of those that are.
  /// Code::bad_input for an item that is not the one the log has.
  ipc::Result<std::vector<Chunk>> undone(const Chunk& block, char separator,
                                         std::vector<std::pair<std::uint64_t, size_t>>& done) const;
  /// When the input had `items`: Code::bad_input if the log has more.
  ipc::Status check_end(std::uint64_t items) const;

  /// These follow what was given to standard output before.
  void printed(std::vector<Receipt>&& receipts);
  /// Writes the lines of what is within the first `passed` bytes of this run's output.
  ipc::Status commit(std::uint64_t passed);
  /// The same at the end.
  ipc::Status close(std::uint64_t passed);

 private:
  struct Entry {
    std::string key;
    size_t line;
    bool done;
  };
  Ledger(ipc::cli::JobLog log, const Settings& settings)
      : log_(std::move(log)), mark_(settings.joblog), path_(settings.joblog) {}
  ipc::Status resume(bool failed_again);
  ipc::Result<bool> is_done(std::uint64_t number, std::string_view item) const;

  ipc::cli::JobLog log_;
  OutputMark mark_;
  std::string path_;
  std::unordered_map<std::uint64_t, Entry> entries_;  // by number
  std::uint64_t last_ = 0;                            // the highest
  std::uint64_t lines_ = 1;
  std::deque<Receipt> waiting_;  // first: the end of its output
  std::uint64_t end_ = 0;
};

}  // namespace ipmap
