// SPDX-License-Identifier: BSD-3-Clause
// What a map that was killed has printed beyond its job log.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "libipc/util/result.hpp"

namespace ipmap {

/// Where a run's output began, and where its lines in the job log did.
struct OutputStart {
  std::string path;  ///< of the file on standard output, for messages
  std::uint64_t device = 0, inode = 0;
  std::uint64_t offset = 0;     ///< in that file
  std::uint64_t log_lines = 0;  ///< that the log had, its header included
};

/// The file LOG.run. It is there while a map with a job log prints to a file, and afterwards only
/// if that map was killed: then the output may end with what the log does not have.
class OutputMark {
 public:
  explicit OutputMark(const std::string& joblog) : path_(joblog + ".run") {}

  /// What a killed run left; nothing if there was none.
  std::optional<OutputStart> left() const;
  /// Writes the mark for this run. Where standard output is no regular file there is none.
  ipc::Status place(std::uint64_t log_lines) const;
  void remove() const;

 private:
  std::string path_;
};

/// Cuts off what standard output has beyond `logged` bytes of that run, and says so. If standard
/// output is another file now, or is not appended to, says what to do instead.
ipc::Status cut_tail(const OutputStart& start, std::uint64_t logged);

}  // namespace ipmap
