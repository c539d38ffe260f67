// SPDX-License-Identifier: BSD-3-Clause
// A lock that ends with its holder, however that ends; the file says who holds it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc {

/// Who holds a lock, as its file says. All zero or empty if the file could not be understood.
struct LockHolder {
  pid_t pid = 0;
  std::string host, since;  ///< since: UTC, as iso8601 has it

  /// "pid 4711 on n1 since 2026-11-20T09:12:00Z"
  std::string text() const;
};

/// An exclusive lock on a file (fcntl, of the open file: it works over NFS, survives fork and ends
/// when the last copy of the descriptor is closed). Removes the file when released.
class LockFile {
 public:
  /// Never waits. Code::exists with the holder's text if somebody has it.
  static Result<LockFile> acquire(const std::string& path);
  /// Who holds it now; nothing if nobody does. Takes nothing.
  static std::optional<LockHolder> holder(const std::string& path);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&& other) noexcept;
  ~LockFile() { release(); }
  void release();

 private:
  LockFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Fd fd_;
  std::string path_;
};

}  // namespace ipc
