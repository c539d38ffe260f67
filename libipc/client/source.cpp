// SPDX-License-Identifier: BSD-3-Clause
// Bytes that can be read at any offset, more than memory holds if need be.
#include "libipc/client/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace ipc::client {
namespace {

constexpr size_t kRead = 1 << 20;

}  // namespace

Source Source::of(std::string bytes) {
  Source source;
  source.size_ = bytes.size();
  source.bytes_ = std::move(bytes);
  return source;
}

Result<Source> Source::of_file(Fd fd) {
  struct stat s;
  if (::fstat(fd.get(), &s) != 0) return system_error(Code::no_input, "cannot read the file");
  if (!S_ISREG(s.st_mode)) return Error{Code::bad_input, "not a regular file", ""};
  const off_t at = ::lseek(fd.get(), 0, SEEK_CUR);
  if (at < 0) return system_error(Code::no_input, "cannot read the file");
  Source source;
  source.start_ = static_cast<uint64_t>(at);
  source.size_ = s.st_size > at ? static_cast<uint64_t>(s.st_size - at) : 0;
  source.file_ = std::move(fd);
  return source;
}

Result<std::string> Source::read(uint64_t offset, size_t length) const {
  std::string bytes(length, '\0');
  IPC_TRY(read_into(offset, bytes));
  return bytes;
}

Status Source::read_into(uint64_t offset, std::span<char> place) const {
  const Error changed{Code::bad_input, "the input changed while it was read", ""};
  const size_t length = place.size();
  if (offset > size_ || length > size_ - offset) return changed;
  if (!file_) {
    bytes_.copy(place.data(), length, offset);
    return {};
  }
  for (size_t done = 0; done < length;) {
    const ssize_t n = ::pread(file_.get(), place.data() + done, length - done,
                              static_cast<off_t>(start_ + offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(Code::no_input, "cannot read the input");
    if (n == 0) return changed;
    done += static_cast<size_t>(n);
  }
  return {};
}

Status Spool::open_file() {
  const char* directory = std::getenv("TMPDIR");
  std::string path = (directory && *directory ? std::string(directory) : "/tmp") + "/ipkit-XXXXXX";
  file_.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_) return system_error(Code::internal, "cannot make a temporary file in " + path);
  ::unlink(path.c_str());
  IPC_TRY(write_all(file_.get(), bytes_));
  bytes_ = {};
  return {};
}

Status Spool::append(std::string_view bytes) {
  if (bytes.empty()) return {};
  last_ = static_cast<unsigned char>(bytes.back());
  size_ += bytes.size();
  if (!file_ && size_ > memory_) IPC_TRY(open_file());
  if (file_) return write_all(file_.get(), bytes);
  bytes_ += bytes;
  return {};
}

Result<size_t> Spool::append_from(int fd) {
  scratch_.resize(kRead);
  ssize_t n;
  do {
    n = ::read(fd, scratch_.data(), scratch_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return system_error(Code::no_input, "cannot read the input");
  IPC_TRY(append(std::string_view(scratch_).substr(0, static_cast<size_t>(n))));
  return static_cast<size_t>(n);
}

Result<Source> Spool::finish() && {
  if (!file_) return Source::of(std::move(bytes_));
  if (::lseek(file_.get(), 0, SEEK_SET) < 0)
    return system_error(Code::internal, "cannot read the temporary file");
  return Source::of_file(std::move(file_));
}

}  // namespace ipc::client
