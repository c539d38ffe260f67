// SPDX-License-Identifier: BSD-3-Clause
// Signals that end a program: first the work is cancelled, then the program dies by the signal.
#include "libipc/cli/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "libipc/cli/pipeline.hpp"

namespace ipc::cli {

namespace {

// All lock-free, so a handler may use them.
std::atomic<int> noted{0};
std::atomic<int> wake_fd{-1};
std::atomic<bool> armed{false}, marks_stdout{false};

void end_now(int signal) {
  // Nobody can be told from here; the pipe still can.
  if (marks_stdout) mark(STDOUT_FILENO, Verdict::failed);
  die_by(signal);
}

void wake() {
  const std::uint64_t one = 1;
  if (wake_fd >= 0) (void)!::write(wake_fd, &one, sizeof one);
}

void handle(int signal) {
  int none = 0;
  if (!armed || !noted.compare_exchange_strong(none, signal)) end_now(signal);
  wake();
}

}  // namespace

void catch_signals(bool marks) {
  marks_stdout = marks;
  wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a write to a full pipe has to end.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    ::sigaction(signal, nullptr, &old);
    if (old.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
}

Interrupts::Interrupts() {
  armed = true;
}
Interrupts::~Interrupts() {
  armed = false;
}
int Interrupts::fd() const {
  return wake_fd;
}

int noted_signal() {
  return noted;
}

void note_signal(int signal) {
  int none = 0;
  noted.compare_exchange_strong(none, signal);
  wake();
}

void die_by(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::kill(::getpid(), signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::_exit(128 + signal);  // not reached unless the signal could not be delivered
}

}  // namespace ipc::cli
