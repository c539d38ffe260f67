// SPDX-License-Identifier: BSD-3-Clause
// Which descriptors are a pipeline, and the verdict in a pipe's mode bits.
#include "libipc/cli/pipeline.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace ipc::cli {

namespace {

// The owner's bits stay as they are (reopening through /proc checks them); the sticky bit says that
// the group's and others' execute bits are ours.
constexpr mode_t kOurs = 01000, kOk = 0010, kFailed = 0001;

bool is_anonymous_pipe(int fd, struct stat& status) {
  struct statfs where;
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && ::fstatfs(fd, &where) == 0 &&
         where.f_type == PIPEFS_MAGIC;
}

}  // namespace

bool is_pipeline(int fd) {
  struct stat ours, leaders;
  if (::fstat(fd, &ours) != 0 || !S_ISFIFO(ours.st_mode)) return false;
  const std::string path = "/proc/" + std::to_string(::getsid(0)) + "/fd/" + std::to_string(fd);
  if (::stat(path.c_str(), &leaders) != 0) return true;
  return ours.st_dev != leaders.st_dev || ours.st_ino != leaders.st_ino;
}

void mark(int fd, Verdict verdict) {
  const int saved = errno;
  struct stat status;
  if (is_anonymous_pipe(fd, status)) {
    mode_t mode = (status.st_mode & 0700) | kOurs;
    if (verdict == Verdict::ok) mode |= kOk;
    if (verdict == Verdict::failed) mode |= kFailed;
    (void)::fchmod(fd, verdict == Verdict::none ? status.st_mode & 0700 : mode);
  }
  errno = saved;
}

Verdict verdict_of(int fd) {
  struct stat status;
  if (!is_anonymous_pipe(fd, status) || (status.st_mode & kOurs) == 0) return Verdict::none;
  if ((status.st_mode & kFailed) != 0) return Verdict::failed;
  return (status.st_mode & kOk) != 0 ? Verdict::ok : Verdict::running;
}

Status check_writer(const std::string& what) {
  switch (verdict_of(STDIN_FILENO)) {
    case Verdict::failed:
      return Error{Code::failed, what + ": the command before it failed (its message is above)",
                   ""};
    case Verdict::running:
      return Error{Code::failed, what + ": the command before it was killed", ""};
    default:
      return {};
  }
}

}  // namespace ipc::cli
