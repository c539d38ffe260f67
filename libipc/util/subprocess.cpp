// SPDX-License-Identifier: BSD-3-Clause
// Running a program to its end, with text in and text out.
#include "libipc/util/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace ipc {
namespace {

constexpr size_t kOutputLimit = 4 << 20;

struct Pipes {
  FdPair in, out, err;
};

Result<pid_t> spawn(const std::vector<std::string>& argv, const Pipes& pipes) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes.in.first.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, pipes.out.second.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, pipes.err.second.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // Its own group: a Ctrl-C at our terminal is for us to act on.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words[0], &actions, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  errno = error;
  return system_error(Code::internal, argv[0]);
}

/// Takes what `fd` has; closes it at its end.
Status drain(Fd& fd, std::string& text) {
  char bytes[65536];
  const ssize_t n = ::read(fd.get(), bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (n <= 0) {
    fd.reset();
    return {};
  }
  text.append(bytes, static_cast<size_t>(n));
  if (text.size() > kOutputLimit) return Error{Code::bad_input, "more than 4 MB of output", ""};
  return {};
}

void feed(Fd& fd, std::string_view& input) {
  const ssize_t n = ::write(fd.get(), input.data(), input.size());
  if (n > 0) input.remove_prefix(static_cast<size_t>(n));
  // A program that does not read its input may still do its work: EPIPE is no failure.
  if (input.empty() || (n < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
}

/// Moves bytes until both outputs have ended.
Status converse(Pipes& pipes, std::string_view input, TimePoint end, Completed& completed) {
  if (input.empty()) pipes.in.second.reset();
  while (pipes.out.first || pipes.err.first) {
    pollfd items[] = {{pipes.in.second.get(), POLLOUT, 0},
                      {pipes.out.first.get(), POLLIN, 0},
                      {pipes.err.first.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
    const int ready = left > 0 ? ::poll(items, 3, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Error{Code::timed_out, "took too long", ""};
    if (items[0].revents) feed(pipes.in.second, input);
    if (items[1].revents) IPC_TRY(drain(pipes.out.first, completed.output));
    if (items[2].revents) IPC_TRY(drain(pipes.err.first, completed.errors));
  }
  return {};
}

// The process that a directory of /proc means; 0 if it has ended, or if that is no directory.
pid_t running_process(int directory) {
  const Fd file(::openat(directory, "stat", O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t n = file ? ::read(file.get(), text, sizeof text - 1) : -1;
  if (n <= 0) return 0;
  text[n] = 0;
  // The state follows the name, which may hold anything.
  const auto state = std::string_view(text, static_cast<size_t>(n)).rfind(") ");
  if (state == std::string_view::npos) return 0;
  return text[state + 2] == 'Z' || text[state + 2] == 'X' ? 0 : std::atoi(text);
}

bool is_directory(int descriptor) {
  struct stat facts;
  return ::fstat(descriptor, &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool wait_by_looking(int directory, TimePoint deadline) {
  while (running_process(directory) != 0) {
    if (Clock::now() >= deadline) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

}  // namespace

Result<Completed> run_to_end(const std::vector<std::string>& argv, std::string_view input,
                             Duration limit) {
  const TimePoint end = Clock::now() + limit;
  Pipes pipes;
  IPC_TRY_ASSIGN(pipes.in, make_pipe());
  IPC_TRY_ASSIGN(pipes.out, make_pipe());
  IPC_TRY_ASSIGN(pipes.err, make_pipe());
  IPC_TRY_ASSIGN(const pid_t pid, spawn(argv, pipes));
  pipes.in.first.reset();
  pipes.out.second.reset();
  pipes.err.second.reset();
  IPC_TRY(set_nonblocking(pipes.in.second.get()));

  Completed completed;
  Status talked = converse(pipes, input, end, completed);
  if (talked) {
    // It has closed its outputs; it may still be on its way out.
    const Fd process = process_descriptor(pid);
    if (!wait_for_process(process.get(), end)) talked = Error{Code::timed_out, "took too long", ""};
  }
  if (!talked) ::kill(-pid, SIGKILL);
  while (::waitpid(pid, &completed.wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!talked) return Error{talked.error().code, argv[0] + ": " + talked.error().what, ""};
  return completed;
}

// By number: this C library's header for these calls cannot be linked from C++. Where they are not
// to be had (Linux before 5.3, some sandboxes, valgrind) a directory of /proc takes their place: it
// also means this process only, but is looked at again and again.
Fd process_descriptor(pid_t pid) {
  Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (process || errno == ESRCH) return process;
  const std::string directory = "/proc/" + std::to_string(pid);
  return Fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void signal_process(int descriptor, int signal) {
  if (::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0) == 0) return;
  if (const pid_t pid = running_process(descriptor)) ::kill(pid, signal);
}

bool wait_for_process(int descriptor, TimePoint deadline) {
  if (is_directory(descriptor)) return wait_by_looking(descriptor, deadline);
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd item{descriptor, POLLIN, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::clamp<long>(left, 0, 3'600'000)));
    if (ready > 0) return true;
    if (ready == 0 && Clock::now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace ipc
