// SPDX-License-Identifier: BSD-3-Clause
// Results as they are printed: text or JSON on stdout, failures on stderr, lines for the log.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipmap/ledger.hpp"
#include "cmd/ipmap/payload.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/progress.hpp"

namespace ipmap {

/// Items in a row that are done: what is printed of them.
struct Finished {
  std::uint64_t first = 1;
  size_t count = 0;
  std::string text;
  std::vector<Receipt> receipts;  ///< empty without a log
};

/// Presents the results of one reply after the other.
class Presenter {
 public:
  /// `hosts`: of the engines. What is referred to outlives it.
  Presenter(const Settings& settings, char separator, const std::map<int, std::string>& hosts,
            ipc::cli::Writer& err, ipc::cli::Progress& progress)
      : settings_(settings), separator_(separator), hosts_(hosts), err_(err), progress_(progress) {}

  /// True if a reply of form `lines` is printed as it is.
  bool passes_lines() const {
    return !settings_.json && settings_.results.empty() && !settings_.tag &&
           settings_.halt.what != Halt::What::success && settings_.halt.what != Halt::What::done;
  }
  /// Those that follow are of this reply to this chunk, until the next begin().
  void begin(const Chunk& chunk, const ipc::client::Reply& reply);
  /// Says on standard error that item `index` failed.
  void report(size_t index, const ipc::client::RemoteError& error);
  /// The same of all items of the chunk, for one reason.
  void report_all(const ipc::client::RemoteError& error);
  /// Adds the result of item `index`. Code::internal if its file in the directory of --results
  /// cannot be written.
  ipc::Status add(Finished& finished, size_t index, const ItemResult& item);
  /// For the log: the text of all items of the chunk, each a line.
  std::vector<Receipt> receipts_of_lines(std::string_view text);

 private:
  void begin_record(const Chunk& chunk, const ipc::client::Reply& reply);
  ipc::Status write_file(size_t index, std::string_view result) const;
  void add_text(std::string& text, size_t index, std::string_view result) const;
  std::string row(size_t index, const ItemResult& item) const;
  void say(std::string what, const ipc::client::RemoteError& error);
  Receipt receipt(size_t index, size_t bytes) const;

  const Settings& settings_;
  char separator_;
  const std::map<int, std::string>& hosts_;
  ipc::cli::Writer& err_;
  ipc::cli::Progress& progress_;
  // Of the reply:
  std::uint64_t first_ = 1;
  unsigned tries_ = 0;
  int engine_ = -1;
  std::string id_;
  std::vector<std::string_view> items_;
  ipc::cli::JobRecord record_;  // of its first item
};

}  // namespace ipmap
