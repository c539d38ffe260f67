// SPDX-License-Identifier: BSD-3-Clause
// How long a command takes from before exec to its exit, as a shell sees it.
//
//   command_time RUNS PROGRAM [ARGUMENT ...]
//
// Output goes to /dev/null. A run that fails or takes more than ten seconds ends the measurement.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "bench/samples.hpp"

namespace {

constexpr int kPatienceMs = 10000;
constexpr int kWarmup = 5;

/// Runs it once; exit status, or -1 if it could not be started or did not end in time.
int run_once(char** command, const posix_spawn_file_actions_t& actions) {
  pid_t pid = 0;
  if (const int why = ::posix_spawnp(&pid, command[0], &actions, nullptr, command, environ)) {
    std::fprintf(stderr, "command_time: %s: %s\n", command[0], std::strerror(why));
    return -1;
  }
  const int watch = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd item{watch, POLLIN, 0};
  const bool ended = ::poll(&item, 1, kPatienceMs) > 0;
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(watch);
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 2 ? std::atoi(argv[1]) : 0;
  if (runs <= 0) {
    std::fprintf(stderr, "usage: command_time RUNS PROGRAM [ARGUMENT ...]\n");
    return 64;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO})
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  std::vector<double> times;
  for (int i = -kWarmup; i < runs; ++i) {
    const auto start = bench::Clock::now();
    if (const int status = run_once(argv + 2, actions); status != 0) {
      std::fprintf(stderr, "command_time: %s failed (%d)\n", argv[2], status);
      return 1;
    }
    if (i >= 0) times.push_back(bench::micros_since(start) / 1000);
  }
  bench::print_figure("p50", bench::percentile(times, 0.50), "ms");
  bench::print_figure("p99", bench::percentile(times, 0.99), "ms");
}
