// SPDX-License-Identifier: BSD-3-Clause
// A lock that ends with its holder, however that ends; the file says who holds it.
#include "libipc/util/lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "libipc/util/clock.hpp"
#include "libipc/util/process.hpp"

namespace ipc {
namespace {

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

LockHolder read_holder(int fd) {
  char text[512];
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  LockHolder holder;
  std::istringstream fields(std::string(text, n > 0 ? static_cast<size_t>(n) : 0));
  fields >> holder.pid >> holder.host >> holder.since;
  return fields ? holder : LockHolder{};
}

/// True if `path` is still the file that is open: its holder may have removed it meanwhile.
bool is_same_file(int fd, const std::string& path) {
  struct stat open_file, named_file;
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named_file) == 0 &&
         open_file.st_ino == named_file.st_ino && open_file.st_dev == named_file.st_dev;
}

Status write_holder(int fd, const std::string& path) {
  const std::string text = std::to_string(::getpid()) + " " + host_name() + " " +
                           iso8601(unix_now() / 1'000'000 * 1'000'000) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return system_error(Code::internal, path);
  return {};
}

}  // namespace

std::string LockHolder::text() const {
  if (pid == 0) return "somebody";
  return "pid " + std::to_string(pid) + " on " + host + " since " + since;
}

Result<LockFile> LockFile::acquire(const std::string& path) {
  // A second turn is needed only when a holder removed the file between open and lock.
  for (int attempt = 0; attempt < 100; ++attempt) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error(Code::internal, path);
    struct flock lock = whole_file();
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
      if (errno != EAGAIN && errno != EACCES) return system_error(Code::internal, path);
      return Error{Code::exists, read_holder(fd.get()).text(), ""};
    }
    if (!is_same_file(fd.get(), path)) continue;
    IPC_TRY(write_holder(fd.get(), path));
    return LockFile(std::move(fd), path);
  }
  return Error{Code::internal, path + " is removed again and again", ""};
}

std::optional<LockHolder> LockFile::holder(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return std::nullopt;
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return read_holder(fd.get());
}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
  if (this != &other) {
    release();
    fd_ = std::move(other.fd_);
    path_ = std::move(other.path_);
  }
  return *this;
}

void LockFile::release() {
  if (!fd_) return;
  ::unlink(path_.c_str());
  fd_.reset();
}

}  // namespace ipc
