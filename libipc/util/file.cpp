// SPDX-License-Identifier: BSD-3-Clause
// Whole files, written so that a reader never sees a part.
#include "libipc/util/file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc {

// Behind a file's name while it is written; mkostemp() puts six others in place of the last.
constexpr std::string_view kTemporary = ".new-XXXXXX";

Result<std::string> read_file(const std::string& path, size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(Code::no_input, path);
  auto text = read_all(fd.get(), limit);
  if (!text) return Error{text.error().code, path + ": " + text.error().what, ""};
  return text;
}

Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode) {
  std::string temporary = path + std::string(kTemporary);
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

void remove_remains(const std::string& path) {
  const std::filesystem::path whole(path);
  const std::string example = whole.filename().string() + std::string(kTemporary);
  const std::string_view start = std::string_view(example).substr(0, example.size() - 6);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(whole.parent_path(), error)) {
    const std::string name = entry.path().filename();
    if (name.size() == example.size() && name.starts_with(start))
      ::unlink(entry.path().c_str());
  }
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

namespace {

std::string user_name(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : "user " + std::to_string(user);
}

bool is_trusted_user(uid_t user) {
  if (user == ::geteuid() || user == 0) return true;
  const char* const list = std::getenv("IPKIT_TRUST");
  if (list == nullptr || *list == 0) return false;
  const auto names = split(list, ',');
  return std::find(names.begin(), names.end(), user_name(user)) != names.end();
}

size_t count_of(char* const* list) {
  size_t count = 0;
  while (list[count] != nullptr) ++count;
  return count;
}

// Where each user has a group of his own, and a umask to go with it, the group is nobody else.
bool is_own_group(gid_t group, uid_t owner) {
  const passwd* const user = ::getpwuid(owner);
  if (user == nullptr || user->pw_gid != group) return false;
  const std::string name = user->pw_name;
  const struct group* const entry = ::getgrgid(group);
  if (entry == nullptr || name != entry->gr_name) return false;
  return std::all_of(entry->gr_mem, entry->gr_mem + count_of(entry->gr_mem),
                     [&](const char* member) { return name == member; });
}

bool others_write(const struct stat& s) {
  if ((s.st_mode & S_IWOTH) != 0) return true;
  return (s.st_mode & S_IWGRP) != 0 && !is_own_group(s.st_gid, s.st_uid);
}

// Whoever can rename what stands in a directory decides what is found there.
Status check_above(const std::string& path) {
  const std::filesystem::path whole(path);
  for (auto at = whole.parent_path();; at = at.parent_path()) {
    struct stat s;
    if (::stat(at.c_str(), &s) != 0) return system_error(Code::internal, at.string());
    if (!is_trusted_user(s.st_uid))
      return Error{Code::refused,
                   path + " is in a directory of " + user_name(s.st_uid) + ": " + at.string(),
                   "move it; if that user is trusted: IPKIT_TRUST=" + user_name(s.st_uid)};
    if ((s.st_mode & S_IWOTH) != 0 && (s.st_mode & S_ISVTX) == 0)
      return Error{Code::refused,
                   path + " is in a directory that everyone can write: " + at.string(),
                   "chmod o-w " + shell_quote(at.string())};
    if (!at.has_relative_path()) return {};
  }
}

}  // namespace

Result<std::string> read_secret(const std::string& path, size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(Code::no_input, path);
  struct stat s;
  if (::fstat(fd.get(), &s) != 0) return system_error(Code::no_input, path);
  if (!is_trusted_user(s.st_uid))
    return Error{Code::refused, path + " belongs to " + user_name(s.st_uid),
                 "copy it, so that it is yours, and chmod 600 it"};
  if ((s.st_mode & 077) != 0)
    return Error{Code::refused, path + " can be read or written by others",
                 "chmod 600 " + shell_quote(path)};
  auto text = read_all(fd.get(), limit);
  if (!text) return Error{text.error().code, path + ": " + text.error().what, ""};
  return text;
}

Status check_ours(const std::string& path) {
  struct stat link, s;
  if (::lstat(path.c_str(), &link) != 0 || ::stat(path.c_str(), &s) != 0)
    return errno == ENOENT ? Status() : system_error(Code::no_input, path);
  if (!is_trusted_user(link.st_uid) || !is_trusted_user(s.st_uid)) {
    const uid_t owner = is_trusted_user(s.st_uid) ? link.st_uid : s.st_uid;
    return Error{Code::refused, path + " belongs to " + user_name(owner),
                 "take another; if that user is trusted: IPKIT_TRUST=" + user_name(owner)};
  }
  if (others_write(s))
    return Error{Code::refused, path + " can be written by others",
                 "chmod go-w " + shell_quote(path)};
  std::error_code error;
  IPC_TRY(check_above(std::filesystem::absolute(path, error).lexically_normal().string()));
  return check_above(std::filesystem::canonical(path, error).string());
}

bool is_trusted(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return ::access(path.c_str(), F_OK) == 0 && check_ours(path) && check_ours(directory);
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
