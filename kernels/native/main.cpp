// SPDX-License-Identifier: BSD-3-Clause
// main.cpp: ipkit-kernel-native: functions of shared objects behind the kernel contract.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "kernels/native/server.hpp"

namespace {

void on_interrupt(int) {
  ipkit::kernel::native::interrupted = 1;
}

/// Leaves when the engine has, also while a function runs that does not come back. The thread takes
/// no signals: they are for the function's system calls.
void watch_engine(int fd) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([fd] {
    pollfd entry{fd, POLLRDHUP, 0};
    while (poll(&entry, 1, -1) < 0) {
    }
    ipkit::kernel::leave();
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

int main() {
  using namespace ipkit::kernel;
  Channel channel(take_descriptor());
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // no SA_RESTART: a function that waits gets its EINTR
  sigaction(SIGINT, &action, nullptr);
  setvbuf(stdout, nullptr, _IOLBF, 1 << 16);  // lines appear while the function goes on
  watch_engine(channel.fd());
  native::NativeServer server(channel);
  const Json ready{
      {"language", "native"}, {"version", IPKIT_VERSION}, {"pid", getpid()}, {"prefetch", 1}};
  channel.send(R"({"msg_type": "ready"})", "{}", ready.dump());
  while (true) {
    Frames frames = channel.receive();
    server.handle(frames);
  }
}
