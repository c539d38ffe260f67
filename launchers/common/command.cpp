// SPDX-License-Identifier: BSD-3-Clause
// The commands of a system below: found, called, and what they say kept.
#include "launchers/common/command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::launcher {
namespace {

constexpr off_t kAnswerRoom = 4096;

}  // namespace

Result<std::string> find_command(const std::string& name) {
  if (name.find('/') != std::string::npos && ::access(name.c_str(), X_OK) == 0) return name;
  const char* path = std::getenv("PATH");
  for (const auto& directory : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    std::string file = std::filesystem::path(directory) / name;
    if (!directory.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return Error{Code::no_controller, "there is no command " + name + " on this machine",
               "put it on PATH, or start from a machine that has it"};
}

std::string one_line(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto& line : split(text, '\n'))
    if (const auto words = trim(line); !words.empty()) lines.emplace_back(words);
  return join(lines, " / ");
}

Status make_room(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return system_error(Code::internal, path);
  const int error = ::posix_fallocate(fd.get(), 0, kAnswerRoom);
  errno = error;
  if (error != 0 && error != EOPNOTSUPP && error != EINVAL)
    return system_error(Code::internal, path);
  return {};
}

Result<Completed> run_kept(std::vector<std::string> words, const Kept& kept, Duration limit) {
  IPC_TRY_ASSIGN(words[0], find_command(words[0]));
  std::vector<std::string> all{
      "/bin/sh",
      "-c",
      R"(cd "$1" || exit; out=$2 err=$3 in=$4; shift 4; exec "$@" <"$in" 1<>"$out" 2<>"$err")",
      "sh",
      kept.directory,
      kept.output,
      kept.errors,
      kept.input};
  all.insert(all.end(), words.begin(), words.end());
  IPC_TRY(set_cloexec(kept.lock, false));
  auto ran = run_to_end(all, "", limit);
  IPC_TRY(set_cloexec(kept.lock, true));
  if (!ran) return ran.error();
  Completed done = *std::move(ran);
  IPC_TRY_ASSIGN(done.output, read_kept(kept.output));
  IPC_TRY_ASSIGN(done.errors, read_kept(kept.errors));
  const Fd answer(::open(kept.output.c_str(), O_RDONLY | O_CLOEXEC));
  if (!answer || ::fsync(answer.get()) != 0) return system_error(Code::internal, kept.output);
  return done;
}

Result<std::string> read_kept(const std::string& path) {
  IPC_TRY_ASSIGN(std::string text, read_file(path));
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

}  // namespace ipc::launcher
