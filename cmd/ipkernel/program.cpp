// SPDX-License-Identifier: BSD-3-Clause
// A program of this machine whose output a cell shows.
#include "cmd/ipkernel/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "libipc/util/file.hpp"

extern char** environ;

namespace ipkernel {

using ipc::Code;
using ipc::Result;

namespace {

std::vector<std::string> whole_environment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  const char* path = std::getenv("PATH");
  std::vector<std::pair<std::string, std::string>> set = added;
  set.emplace_back("PATH", ipc::program_directory() + ":" + (path ? path : "/usr/bin:/bin"));
  set.emplace_back("IPKIT_STDIN", "none");
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    bool is_set = false;
    for (const auto& [name, value] : set) is_set = is_set || text.starts_with(name + "=");
    if (!is_set) all.push_back(text);
  }
  for (const auto& [name, value] : set) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<Program> Program::start(
    const std::string& line, const std::vector<std::pair<std::string, std::string>>& environment) {
  Program program;
  IPC_TRY_ASSIGN(ipc::FdPair out, ipc::make_pipe());
  IPC_TRY_ASSIGN(ipc::FdPair err, ipc::make_pipe());
  std::vector<std::string> words = {"sh", "-c", line}, variables = whole_environment(environment);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out.second.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err.second.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int failed = ::posix_spawn(&program.pid_, "/bin/sh", &files, &attributes,
                                   pointers(words).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    errno = failed;
    return ipc::system_error(Code::internal, "cannot run " + line);
  }
  program.pipes_[0] = std::move(out.first);
  program.pipes_[1] = std::move(err.first);
  for (const auto& pipe : program.pipes_) IPC_TRY(ipc::set_nonblocking(pipe.get()));
  return program;
}

std::string Program::read(bool is_stderr) {
  std::array<char, 65536> bytes;
  const ssize_t size = ::read(pipes_[is_stderr].get(), bytes.data(), bytes.size());
  if (size > 0) return text_[is_stderr].take({bytes.data(), static_cast<size_t>(size)}, false);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return "";
  open_[is_stderr] = false;
  return text_[is_stderr].take({}, true);
}

int Program::wait() const {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace ipkernel
