// SPDX-License-Identifier: BSD-3-Clause
// What a map that was killed has printed beyond its job log.
#include "cmd/ipmap/tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libipc/cli/program.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

namespace {

// Standard output as a regular file; nothing if it is none.
std::optional<OutputStart> current_output() {
  struct stat status;
  if (::fstat(STDOUT_FILENO, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  OutputStart now;
  std::error_code ignored;
  now.path = std::filesystem::read_symlink("/proc/self/fd/1", ignored).string();
  now.device = status.st_dev;
  now.inode = status.st_ino;
  const bool appends = (::fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND) != 0;
  const off_t at = appends ? status.st_size : ::lseek(STDOUT_FILENO, 0, SEEK_CUR);
  now.offset = static_cast<std::uint64_t>(at);
  return now;
}

}  // namespace

std::optional<OutputStart> OutputMark::left() const {
  std::ifstream file(path_);
  OutputStart start;
  if (!(file >> start.device >> start.inode >> start.offset >> start.log_lines)) return {};
  file.get();
  std::getline(file, start.path);
  return start;
}

ipc::Status OutputMark::place(std::uint64_t log_lines) const {
  const auto now = current_output();
  if (!now) {
    remove();
    return {};
  }
  std::string text;
  for (const auto number : {now->device, now->inode, now->offset, log_lines})
    text += std::to_string(number) + ' ';
  text += now->path + '\n';
  return ipc::write_file_atomically(path_, text, 0666);
}

void OutputMark::remove() const {
  ::unlink(path_.c_str());
}

ipc::Status cut_tail(const OutputStart& start, std::uint64_t logged) {
  const std::uint64_t end = start.offset + logged;
  const auto now = current_output();
  struct stat status;
  const bool same = now && now->device == start.device && now->inode == start.inode;
  if (same) {
    if (now->offset <= end) return {};
    if (::ftruncate(STDOUT_FILENO, static_cast<off_t>(end)) != 0)
      return ipc::system_error(ipc::Code::internal, "cannot shorten " + now->path);
    ipc::cli::complain(now->path + ": removed " + std::to_string(now->offset - end) +
                       " bytes at its end: the run before was killed when they were not logged");
    return {};
  }
  const bool there = ::stat(start.path.c_str(), &status) == 0 && status.st_ino == start.inode &&
                     static_cast<std::uint64_t>(status.st_size) > end;
  if (there)
    ipc::cli::complain("the run before was killed; what " + start.path + " has beyond byte " +
                       std::to_string(end) + " is printed again: truncate -s " +
                       std::to_string(end) + " " + ipc::shell_quote(start.path));
  return {};
}

}  // namespace ipmap
