// SPDX-License-Identifier: BSD-3-Clause
// main.cpp: ipkit-kernel-native: functions of shared objects behind the kernel contract.
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

#include "kernels/native/server.hpp"

namespace {

using ipkit::kernel::native::interrupted;

int interrupt_event = -1;  ///< an eventfd: one is there

void on_interrupt(int) {
  const int saved = errno;
  interrupted = 1;
  eventfd_write(interrupt_event, 1);
  errno = saved;
}

void on_nudge(int) {}

/// Leaves when the engine has, also while a function runs that does not come back. After an
/// interrupt it wakes the function's system calls until the request is over: the signal itself may
/// have come between the function's look at the flag and the call that waits.
void watch(int engine, pthread_t caller) {
  pollfd entries[] = {{engine, POLLRDHUP, 0}, {interrupt_event, POLLIN, 0}};
  const int nudges_apart_ms = 20;
  while (true) {
    const int ready = poll(entries, 2, interrupted != 0 ? nudges_apart_ms : -1);
    if (ready > 0 && entries[0].revents != 0) ipkit::kernel::leave();
    eventfd_t count = 0;
    if (ready > 0 && entries[1].revents != 0) eventfd_read(interrupt_event, &count);
    if (interrupted != 0) pthread_kill(caller, SIGURG);
  }
}

/// The thread takes no signals: they are for the function's system calls.
void begin_watch(int engine) {
  interrupt_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};  // no SA_RESTART: a function that waits gets its EINTR
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = on_nudge;
  sigaction(SIGURG, &action, nullptr);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(watch, engine, pthread_self()).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

int main() {
  using namespace ipkit::kernel;
  Channel channel(take_descriptor());
  setvbuf(stdout, nullptr, _IOLBF, 1 << 16);  // lines appear while the function goes on
  begin_watch(channel.fd());
  native::NativeServer server(channel);
  const Json ready{
      {"language", "native"}, {"version", IPKIT_VERSION}, {"pid", getpid()}, {"prefetch", 1}};
  channel.send(R"({"msg_type": "ready"})", "{}", ready.dump());
  while (true) {
    Frames frames = channel.receive();
    interrupted = 0;  // it came after the last reply, or the message before it is still there
    if (channel.asks_to_interrupt()) interrupted = 1;
    server.handle(frames);
    interrupted = 0;  // whatever waited has been woken
  }
}
