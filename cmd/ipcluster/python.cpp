// SPDX-License-Identifier: BSD-3-Clause
// Which Python interpreter the engines use.
#include "cmd/ipcluster/python.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "libipc/util/fd.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

bool is_program(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::string find_on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const auto& directory : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':'))
    if (const std::string file = std::filesystem::path(directory) / name;
        !directory.empty() && is_program(file))
      return file;
  return "";
}

/// False for a script: the first bytes of a program of this system are an ELF header's.
bool is_binary(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char magic[4] = {};
  return fd && ::read(fd.get(), magic, 4) == 4 && std::string_view(magic, 4) == "\177ELF";
}

}  // namespace

Result<std::string> resolve_python(const std::string& wanted) {
  const std::string name = wanted.empty() ? "python3" : wanted;
  std::string path = name.find('/') == std::string::npos ? find_on_path(name) : name;
  if (path.empty() || !is_program(path))
    return Error{Code::no_input, "no Python interpreter " + name,
                 "name one with --python, or use --kernel=sh"};
  // Not canonical: a virtual environment's interpreter knows itself by its link.
  path = std::filesystem::absolute(path).lexically_normal().string();
  if (is_binary(path)) return path;
  IPC_TRY_ASSIGN(
      const Completed done,
      run_to_end({path, "-I", "-S", "-c", "import sys; print(sys.executable)"}, "", seconds(20)));
  const std::string real(trim(done.output));
  if (done.ok() && is_program(real)) return real;
  const std::string said(trim(done.errors));
  return Error{
      Code::failed,
      "Python interpreter " + path + ": " + (said.empty() ? describe_exit(done.wait_status) : said),
      "name another one with --python"};
}

}  // namespace ipc::cluster
