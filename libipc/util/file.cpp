// SPDX-License-Identifier: BSD-3-Clause
// Whole files, written so that a reader never sees a part.
#include "libipc/util/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>

#include "libipc/util/fd.hpp"

namespace ipc {

Result<std::string> read_file(const std::string& path, size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(Code::no_input, path);
  auto text = read_all(fd.get(), limit);
  if (!text) return Error{text.error().code, path + ": " + text.error().what, ""};
  return text;
}

Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return system_error(Code::internal, temporary);
  auto fail = [&](Error error) {
    ::unlink(temporary.c_str());
    return error;
  };
  if (::fchmod(fd.get(), mode) != 0) return fail(system_error(Code::internal, temporary));
  if (auto written = write_all(fd.get(), text); !written) return fail(written.error());
  if (::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(system_error(Code::internal, path));
  return {};
}

Status make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return system_error(Code::internal, path);
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return system_error(Code::internal, path);
  IPC_TRY(make_directories(path.substr(0, slash), 0755));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return system_error(Code::internal, path);
  return {};
}

bool is_trusted(const std::string& path) {
  auto safe = [](const std::string& name) {
    struct stat s;
    return ::stat(name.c_str(), &s) == 0 && (s.st_uid == ::geteuid() || s.st_uid == 0) &&
           (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  };
  const size_t slash = path.find_last_of('/');
  return safe(path) && safe(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

std::string program_directory() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0) return ".";
  return std::filesystem::path(std::string(path, static_cast<size_t>(n))).parent_path().string();
}

Result<std::string> find_program(std::string_view name) {
  const std::string here = program_directory();
  const std::string beside = here + "/" + std::string(name);
  // A helper in libexec looks for the programs in bin, two levels up.
  for (const auto& path : {beside, here + "/../libexec/ipkit/" + std::string(name),
                           here + "/../../bin/" + std::string(name)}) {
    struct stat s;
    if (::access(path.c_str(), R_OK) == 0 && ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode))
      return std::filesystem::path(path).lexically_normal().string();
  }
  return Error{
      Code::internal,
      "no " + std::string(name) + " beside " + here + " or in " + here + "/../libexec/ipkit",
      "is the installation whole?"};
}

}  // namespace ipc
