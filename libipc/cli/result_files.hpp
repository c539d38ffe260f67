// SPDX-License-Identifier: BSD-3-Clause
// What engines print and display, kept in files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/message.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// DIR/ENGINE/stdout and DIR/ENGINE/stderr.
class ResultFiles {
 public:
  /// Makes the directories, and the files empty.
  Status open(const std::string& directory, const std::vector<int>& engines);
  bool is_open() const { return !directory_.empty(); }
  void add(int engine, bool is_stderr, std::string_view bytes);
  /// The first failure.
  const Status& status() const { return status_; }

 private:
  std::string path(int engine, bool is_stderr) const;
  std::string directory_;
  Status status_;
};

/// Plots and other displayed data: DIR/ENGINE-NUMBER.SUFFIX, one for each MIME type.
class DisplayFiles {
 public:
  Status open(const std::string& directory);
  bool is_open() const { return !directory_.empty(); }
  /// A message of type display_data, execute_result or update_display_data; others are ignored.
  void add(const client::Output& output);
  const Status& status() const { return status_; }

 private:
  std::string directory_;
  std::map<int, int> numbers_;  // of the last display of each engine
  Status status_;
};

/// ".png" of "image/png"; ".bin" if the type is not known.
std::string suffix_of(std::string_view mime);

}  // namespace ipc::cli
