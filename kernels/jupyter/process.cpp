// SPDX-License-Identifier: BSD-3-Clause
// The process of a Jupyter kernel, and what cleans up behind it.
#include "kernels/jupyter/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 declares it without C linkage.
extern "C" {
#include <sys/pidfd.h>
}

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace ipc::jupyter {
namespace {

void remove_files(const std::string& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
}

[[noreturn]] void guard_main(int leash, const std::string& directory) {
  for (const int number :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2, SIGALRM})
    ::signal(number, SIG_IGN);
  ::prctl(PR_SET_NAME, "jupyter-guard");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(leash, 3);
  ::close_range(4, ~0U, 0);
  char byte;
  while (::read(3, &byte, 1) < 0 && errno == EINTR) {
  }
  remove_files(directory);
  ::kill(0, SIGKILL);
  ::_exit(0);
}

[[noreturn]] void kernel_main(const std::vector<std::string>& command,
                              const std::map<std::string, std::string>& environment, int out,
                              int err) {
  // Not enough alone: it ends the kernel, not what the kernel started.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(out, 1);
  ::dup2(err, 2);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  const int error = errno;
  std::fprintf(stderr, "cannot start %s: %s\n", words[0], std::strerror(error));
  ::_exit(error == ENOENT ? 127 : 126);
}

}  // namespace

Result<KernelProcess> KernelProcess::start(const std::vector<std::string>& command,
                                           const std::map<std::string, std::string>& environment,
                                           const ConnectionFile& file) {
  KernelProcess process;
  process.directory_ = file.directory;
  IPC_TRY_ASSIGN(FdPair leash, make_pipe());
  IPC_TRY_ASSIGN(FdPair out, make_pipe());
  IPC_TRY_ASSIGN(FdPair err, make_pipe());
  process.guard_ = ::fork();
  if (process.guard_ < 0) return system_error(Code::internal, "fork");
  if (process.guard_ == 0) {
    ::setpgid(0, 0);
    guard_main(leash.first.get(), file.directory);
  }
  ::setpgid(process.guard_, process.guard_);
  process.leash_ = std::move(leash.second);
  process.pid_ = ::fork();
  if (process.pid_ < 0) return system_error(Code::internal, "fork");
  if (process.pid_ == 0) {
    ::setpgid(0, process.guard_);
    kernel_main(command, environment, out.second.get(), err.second.get());
  }
  ::setpgid(process.pid_, process.guard_);
  process.exit_.reset(::pidfd_open(process.pid_, 0));
  process.out = std::move(out.first);
  process.err = std::move(err.first);
  IPC_TRY(set_nonblocking(process.out.get()));
  IPC_TRY(set_nonblocking(process.err.get()));
  return process;
}

KernelProcess::~KernelProcess() {
  if (leash_) reap();
}

void KernelProcess::signal(int number) const {
  // The guard is not waited for before reap(): its group cannot become another's.
  if (leash_) ::kill(-guard_, number);
}

int KernelProcess::reap() {
  signal(SIGKILL);
  leash_.reset();
  remove_files(directory_);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  while (::waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void end_like(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    // The kernel wrote a core file, if one is wanted.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(number, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
    ::kill(::getpid(), number);
  }
  ::_exit(WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 70);
}

}  // namespace ipc::jupyter
