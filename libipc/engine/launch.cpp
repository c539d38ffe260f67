// SPDX-License-Identifier: BSD-3-Clause
// Starting kernels.
#include "libipc/engine/launch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 declares it without C linkage.
extern "C" {
#include <sys/pidfd.h>
}

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "libipc/util/clock.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

extern char** environ;

namespace ipc::engine {
namespace {

/// What a child gets as 0 to 3; -1: nothing.
struct ChildFds {
  int out = -1, err = -1, socket = -1;
  int socket_as = 3;
};

class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// Process of its own group with default signals, /dev/null as stdin and `fds`.
  Result<pid_t> run(const std::vector<std::string>& argv, const ChildFds& fds,
                    const std::vector<std::string>& extra_environment) {
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (fds.out >= 0) posix_spawn_file_actions_adddup2(&actions_, fds.out, 1);
    if (fds.err >= 0) posix_spawn_file_actions_adddup2(&actions_, fds.err, 2);
    if (fds.socket >= 0) posix_spawn_file_actions_adddup2(&actions_, fds.socket, fds.socket_as);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> arguments, environment;
    for (const auto& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    for (const auto& entry : extra_environment)
      environment.push_back(const_cast<char*>(entry.c_str()));
    const auto is_ours = [&](std::string_view entry) {
      return std::any_of(extra_environment.begin(), extra_environment.end(), [&](const auto& own) {
        return entry.starts_with(std::string_view(own).substr(0, own.find('=') + 1));
      });
    };
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!is_ours(*entry)) environment.push_back(*entry);
    environment.push_back(nullptr);
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, argv[0].c_str(), &actions_, &attributes_,
                                    arguments.data(), environment.data());
    if (error != 0)
      return Error{Code::internal, "cannot start " + argv[0] + ": " + std::strerror(error), ""};
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// The number of a kernel's end of the socket: 3, or behind what it inherits from those who started
/// us (MPI's PMI_FD).
int kernel_fd() {
  int fd = 3;
  for (int flags; (flags = ::fcntl(fd, F_GETFD)) >= 0 && (flags & FD_CLOEXEC) == 0;) ++fd;
  return fd;
}

/// Above the numbers the child's own descriptors get, so that none is overwritten on the way.
Fd lifted(Fd fd) {
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 10));
}

bool is_program(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> on_path(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return name;
    return Error{Code::internal, "no interpreter " + name, "name another with --python"};
  }
  const char* path = ::getenv("PATH");
  for (const auto& directory : split(path ? path : "/usr/bin:/bin", ':')) {
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (is_program(candidate)) return candidate;
  }
  return Error{Code::internal, "no " + name + " on PATH", "name an interpreter with --python"};
}

bool is_script(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char mark[2] = {};
  return fd && ::read(fd.get(), mark, 2) == 2 && mark[0] == '#' && mark[1] == '!';
}

/// First line a program prints; killed after `limit`.
Result<std::string> first_line(const std::vector<std::string>& argv, Duration limit) {
  IPC_TRY_ASSIGN(FdPair pipe, make_pipe());
  const Fd out = lifted(std::move(pipe.second));
  IPC_TRY_ASSIGN(const pid_t pid, Spawn().run(argv, {out.get(), -1, -1}, {}));
  const_cast<Fd&>(out).reset();
  std::string text;
  const TimePoint end = Clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
    pollfd item{pipe.first.get(), POLLIN, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready < 0 && errno == EINTR) continue;
    char bytes[1024];
    const ssize_t n = ready > 0 ? ::read(pipe.first.get(), bytes, sizeof bytes) : 0;
    if (n <= 0) break;
    text.append(bytes, static_cast<size_t>(n));
    if (text.find('\n') != std::string::npos) break;
  }
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  const std::string line(trim(text.substr(0, text.find('\n'))));
  if (!line.empty()) return line;
  return Error{Code::internal, argv[0] + " does not say which interpreter it starts", ""};
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '+';
         });
}

Error no_such_kernel(const std::string& name, const std::string& why) {
  return {Code::no_input, "no kernel '" + name + "'" + why, ""};
}

}  // namespace

bool is_cluster(std::string_view kernel) {
  return kernel.starts_with("cluster:");
}

Result<std::string> ProcessLauncher::interpreter() {
  if (!resolved_.empty()) return resolved_;
  const char* wanted = ::getenv("IPKIT_PYTHON");
  const std::string name = !setting_.python.empty() ? setting_.python
                           : wanted && *wanted      ? wanted
                                                    : "python3";
  IPC_TRY_ASSIGN(std::string path, on_path(name));
  // A version manager's shim is a script that takes longer than the interpreter: asked once.
  if (is_script(path)) {
    IPC_TRY_ASSIGN(path, first_line({path, "-I", "-S", "-c", "import sys; print(sys.executable)"},
                                    seconds(20)));
  }
  return resolved_ = path;
}

Result<std::vector<std::string>> ProcessLauncher::command(const std::string& name) {
  if (name == "python") {
    IPC_TRY_ASSIGN(const std::string script, find_program("kernels/python/kernel.py"));
    IPC_TRY_ASSIGN(const std::string python, interpreter());
    return std::vector<std::string>{python, "-I", "-S", script};
  }
  // Any Jupyter kernel: one installed here, or one that runs already, by its connection file.
  const bool installed = name.starts_with("jupyter:") && is_plain_name(name.substr(8));
  if (installed || (name.starts_with("existing:") && name.size() > 9)) {
    IPC_TRY_ASSIGN(const std::string bridge, find_program("ipkit-kernel-jupyter"));
    return std::vector<std::string>{bridge, name};
  }
  if (is_cluster(name)) {
    IPC_TRY_ASSIGN(const std::string bridge, find_program("ipkit-kernel-cluster"));
    return std::vector<std::string>{bridge, name};
  }
  if (!is_plain_name(name)) return no_such_kernel(name, ": not a kernel's name");
  const std::string file = "ipkit-kernel-" + name;
  if (auto found = find_program(file); found && is_program(*found))
    return std::vector<std::string>{*found};
  const char* path = ::getenv("IPKIT_KERNEL_PATH");
  std::string refused;
  for (const auto& directory : split(path ? path : "", ':')) {
    const std::string candidate = directory + "/" + file;
    if (directory.empty() || !is_program(candidate)) continue;
    if (is_trusted(candidate)) return std::vector<std::string>{candidate};
    refused = ": " + candidate + " can be written by others";
  }
  return no_such_kernel(name, refused);
}

Status ProcessLauncher::add_prologue(std::vector<std::string>& argv) const {
  const std::string& file = setting_.prologue;
  if (file.empty()) return {};
  if (!is_trusted(file))
    return Error{Code::refused, "prologue " + file + " is gone, or can be written by others", ""};
  // bash where there is one: what prologues call (module, conda) is often made for it.
  const std::string shell = is_program("/bin/bash") ? "/bin/bash" : "/bin/sh";
  argv.insert(argv.begin(), {shell, "-c", R"(. "$0" && exec "$@")", file});
  return {};
}

Result<KernelHandles> ProcessLauncher::start(const std::string& name) {
  IPC_TRY_ASSIGN(auto argv, command(name));
  IPC_TRY(add_prologue(argv));
  IPC_TRY_ASSIGN(FdPair socket, make_socket_pair());
  IPC_TRY_ASSIGN(FdPair out, make_pipe());
  IPC_TRY_ASSIGN(FdPair err, make_pipe());
  KernelHandles handles;
  auto environment = setting_.environment;
  const int number = kernel_fd();
  environment.push_back("IPKIT_KERNEL_FD=" + std::to_string(number));
  handles.ledger = ledger_;
  if (ledger_ != nullptr) {
    handles.page = ledger_->open_page();
    environment.push_back("IPKIT_KERNEL_LEDGER=" + ledger_->location(handles.page));
  }
  // Where to look for Jupyter's kernels, too.
  if (name.starts_with("jupyter:") && !setting_.python.empty())
    environment.push_back("IPKIT_PYTHON=" + setting_.python);
  {
    const Fd theirs = lifted(std::move(socket.second));
    const Fd their_out = lifted(std::move(out.second)), their_err = lifted(std::move(err.second));
    IPC_TRY_ASSIGN(
        handles.pid,
        Spawn().run(argv, {their_out.get(), their_err.get(), theirs.get(), number}, environment));
  }
  if (guard_ != nullptr) guard_->group_started(handles.pid);
  if (setting_.nice != 0 && ::setpriority(PRIO_PROCESS, static_cast<id_t>(handles.pid),
                                          ::getpriority(PRIO_PROCESS, 0) + setting_.nice) != 0)
    log::warning("nice " + std::to_string(setting_.nice) + ": " + std::strerror(errno));
  handles.exit.reset(::pidfd_open(handles.pid, 0));
  handles.socket = std::move(socket.first);
  handles.out = std::move(out.first);
  handles.err = std::move(err.first);
  for (const Fd* fd : {&handles.socket, &handles.out, &handles.err})
    IPC_TRY(set_nonblocking(fd->get()));
  return handles;
}

void ProcessLauncher::ended(pid_t pid) {
  if (guard_ != nullptr) guard_->group_ended(pid);
}

}  // namespace ipc::engine
