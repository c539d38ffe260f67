// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C and Ctrl-backslash at a console: wishes of its user, not its end.
#include "cmd/ipconsole/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace ipconsole {
namespace {

// Lock-free, for the handler.
std::atomic<bool> interrupted{false}, quit{false}, resized{false};
std::atomic<int> wake_fd{-1};
int ending_fd = -1;

void note(int signal) {
  (signal == SIGINT ? interrupted : signal == SIGQUIT ? quit : resized) = true;
  const std::uint64_t one = 1;
  (void)!::write(wake_fd, &one, sizeof one);
}

}  // namespace

void catch_keys(int end) {
  ending_fd = end;
  wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGQUIT, SIGWINCH}) ::sigaction(signal, &action, nullptr);
}

int end_fd() {
  return ending_fd;
}

int keys_fd() {
  return wake_fd;
}

Pressed take_keys() {
  std::uint64_t count = 0;
  (void)!::read(wake_fd, &count, sizeof count);
  return {interrupted.exchange(false), quit.exchange(false), resized.exchange(false)};
}

}  // namespace ipconsole
