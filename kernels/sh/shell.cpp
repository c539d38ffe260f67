// SPDX-License-Identifier: BSD-3-Clause
// shell.cpp: the persistent bash behind the sh kernel.
#include "kernels/sh/shell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/common/frames.hpp"

extern char** environ;

namespace ipkit::kernel::sh {

namespace {

volatile sig_atomic_t interrupted = 0;
int wake_pipe[2] = {-1, -1};

[[noreturn]] void fail(const char* what) {
  fprintf(stderr, "ipkit-kernel-sh: %s: %s\n", what, strerror(errno));
  _exit(70);
}

void on_signal(int number) {
  if (number == SIGINT) {
    interrupted = 1;
  }
  const int saved = errno;
  // Nobody can use the result: a full pipe wakes the loop just as well.
  [[maybe_unused]] const ssize_t done = write(wake_pipe[1], "", 1);
  errno = saved;
}

/// Milliseconds until an interrupt is repeated (the n-th time), -1 for never. A shell that forks
/// just then can swallow the first one, between the fork and the reset of its handlers.
int repeat_after(int n) {
  return n == 0 ? 200 : n == 1 ? 800 : -1;
}

/// Ends this process the way its bash ended, so that the engine sees what happened.
[[noreturn]] void die_like(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    signal(number, SIG_DFL);
    kill(getpid(), number);
  }
  _exit(WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 70);
}

/// Children have SIGPIPE as usual, though we ignore it.
struct SpawnAttributes {
  posix_spawnattr_t value;
  SpawnAttributes() {
    posix_spawnattr_init(&value);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&value, &defaults);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
};

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

}  // namespace

int memory_file(const char* name) {
  const int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) {
    fail("memory file");
  }
  return fd;
}

std::string read_file(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    fail("memory file");
  }
  std::string data(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t got = pread(fd, data.data() + done, data.size() - done, static_cast<off_t>(done));
    if (got <= 0) {
      break;
    }
    done += static_cast<size_t>(got);
  }
  data.resize(done);
  return data;
}

void write_file(int fd, std::string_view data) {
  if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
    fail("memory file");
  }
  while (!data.empty()) {
    const ssize_t done = write(fd, data.data(), data.size());
    if (done < 0 && errno != EINTR) {
      fail("memory file");
    }
    data.remove_prefix(done > 0 ? static_cast<size_t>(done) : 0);
  }
  lseek(fd, 0, SEEK_SET);
}

void watch_signals() {
  if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    fail("pipe");
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGCHLD, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

InputFile::InputFile(std::string_view data) : fd_(memory_file("ipkit-stdin")) {
  write_file(fd_, data);
}

InputFile::~InputFile() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

std::string InputFile::path() const {
  return fd_ < 0 ? "/dev/null" : "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

Shell::Shell(Channel& channel, std::string driver)
    : channel_(channel),
      driver_(std::move(driver)),
      input_(memory_file("ipkit-in")),
      output_(memory_file("ipkit-out")),
      state_(memory_file("ipkit-state")) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    fail("pipe");
  }
  answers_ = ends[0];
  answers_end_ = ends[1];
  start(false);
}

void Shell::start(bool restore) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    fail("pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  const SpawnAttributes attributes;
  const char* words[] = {"bash", "--norc", "--noprofile", "-s", nullptr};
  // A bash that takes over gets its environment from the state: what was unset stays unset.
  char* empty[] = {nullptr};
  const char* path = getenv("PATH");
  const int error = posix_spawnp(&pid_, "bash", &actions, &attributes.value,
                                 const_cast<char**>(words), restore ? empty : environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (error != 0) {
    fprintf(stderr, "ipkit-kernel-sh: needs bash, not found on PATH (%s)\n", path ? path : "");
    _exit(69);
  }
  commands_ = ends[1];
  pending_.clear();
  std::string line = ". " + shell_quoted(driver_);
  for (int fd : {input_, output_, state_, answers_end_}) {
    line += ' ' + std::to_string(fd);
  }
  if (restore) {
    line += "; . \"$__ipkit_state\" >/dev/null 2>&1";
  } else {
    line += "; set --";
  }
  version_ = ask(line + "; __ipkit_arm");
  version_ = version_.substr(0, version_.find('('));
}

void Shell::write_line(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(commands_, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) {
      return;  // bash is gone: waiting for its answer tells how
    }
    done += count > 0 ? static_cast<size_t>(count) : 0;
  }
}

/// Waits until bash has answered (true) or something else happened; if one of our children `ended`
/// only looks. Repeats an interrupt that nobody heeds.
bool Shell::wait_event(bool ended, int& repeated) {
  pollfd entries[] = {
      {answers_, POLLIN, 0}, {wake_pipe[0], POLLIN, 0}, {channel_.fd(), POLLRDHUP, 0}};
  const bool stopping = running_ && interrupted != 0;
  const int ready = poll(entries, 3, ended ? 0 : stopping ? repeat_after(repeated) : -1);
  if (ready < 0) {
    if (errno != EINTR) {
      fail("poll");
    }
    return false;
  }
  if (ready == 0 && !ended && getpgrp() == getpid()) {
    ++repeated;
    kill(0, SIGINT);
  }
  if ((entries[2].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
    leave();
  }
  if ((entries[1].revents & POLLIN) != 0) {
    char chunk[64];
    while (read(wake_pipe[0], chunk, sizeof chunk) > 0) {
    }
  }
  return (entries[0].revents & POLLIN) != 0;
}

/// The status of a child of ours that is not bash, as in $?.
int Shell::wait_child(pid_t pid) {
  int status = 0;
  for (int repeated = 0; waitpid(pid, &status, WNOHANG) != pid;) {
    wait_event(false, repeated);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// False when bash ended instead of answering (it is not reaped yet).
bool Shell::wait_answer(std::string& answer) {
  bool ended = false;
  int repeated = 0;
  while (true) {
    const size_t end = pending_.find('\n');
    if (end != std::string::npos) {
      answer = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return true;
    }
    if (ended) {
      return false;
    }
    siginfo_t info{};
    ended = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_;
    if (wait_event(ended, repeated)) {
      char chunk[4096];
      const ssize_t got = read(answers_, chunk, sizeof chunk);
      pending_.append(chunk, got > 0 ? static_cast<size_t>(got) : 0);
    }
  }
}

/// Reaps the bash that ended and starts the next with its state; returns the exit status.
int Shell::after_exit(bool restart) {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  close(commands_);
  pid_ = -1;
  if (!restart) {
    return 0;
  }
  const std::string state = read_file(state_);
  if (!WIFEXITED(status) || !state.ends_with("\n# complete\n")) {
    die_like(status);
  }
  start(true);
  write_file(state_, "");
  return WEXITSTATUS(status);
}

/// Opens a stretch of the user's code; false if it is to be interrupted before it begins.
bool Shell::begin() {
  interrupted = 0;
  running_ = !channel_.asks_to_interrupt();
  return running_;
}

Ended Shell::run(std::string_view line) {
  Ended ended;
  if (!begin()) {
    return {130, true};
  }
  write_line(line);
  std::string answer;
  const bool answered = wait_answer(answer);
  running_ = false;
  if (answered) {
    ended.status = atoi(answer.c_str());
  } else {
    ended.status = after_exit(true);
    ended.interrupted = interrupted != 0 && ended.status == 130;
  }
  return ended;
}

std::optional<Ended> Shell::run_program(const Program& program) {
  if (!begin()) {
    return Ended{130, true};
  }
  const std::string directory = "/proc/" + std::to_string(pid_) + "/cwd";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, program.input, O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, program.output, 1);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  const SpawnAttributes attributes;
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.path, &actions, &attributes.value, program.words,
                                program.environment);
  posix_spawn_file_actions_destroy(&actions);
  std::optional<Ended> ended;
  if (error == 0) {
    const int status = wait_child(pid);
    ended = Ended{interrupted != 0 ? 130 : status, interrupted != 0};
  }
  running_ = false;
  return ended;
}

std::string Shell::ask(std::string_view line) {
  write_line(line);
  std::string answer;
  if (!wait_answer(answer)) {
    int status = 0;
    waitpid(pid_, &status, 0);
    die_like(status);
  }
  return answer;
}

void Shell::reset() {
  kill(pid_, SIGKILL);
  after_exit(false);
  start(false);
}

void Shell::set_input(std::string_view data) {
  write_file(input_, data);
}

std::string Shell::take_output() {
  std::string data = read_file(output_);
  write_file(output_, "");
  return data;
}

}  // namespace ipkit::kernel::sh
