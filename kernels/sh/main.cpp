// SPDX-License-Identifier: BSD-3-Clause
// main.cpp: ipkit-kernel-sh: a persistent shell behind the kernel contract.
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/sh/frames.hpp"
#include "kernels/sh/requests.hpp"
#include "kernels/sh/shell.hpp"

namespace {

int take_descriptor() {
  const char* text = getenv("IPKIT_KERNEL_FD");
  const int fd = text != nullptr ? atoi(text) : -1;
  unsetenv("IPKIT_KERNEL_FD");
  if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    fprintf(stderr,
            "ipkit-kernel-sh: started by an engine only (IPKIT_KERNEL_FD is no open "
            "descriptor)\n");
    exit(64);
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

/// The driver script: installed in kernels/sh/ beside this program, in the source tree likewise.
std::string find_driver() {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  const std::string path(self, size > 0 ? static_cast<size_t>(size) : 0);
  const std::string directory = path.substr(0, path.rfind('/'));
  for (const char* place : {"/kernels/sh/driver.bash", "/driver.bash"}) {
    if (access((directory + place).c_str(), R_OK) == 0) {
      return directory + place;
    }
  }
  fprintf(stderr, "ipkit-kernel-sh: no driver.bash in %s/kernels/sh\n", directory.c_str());
  exit(70);
}

}  // namespace

int main() {
  using namespace ipkit::shkernel;
  Channel channel(take_descriptor());
  watch_signals();
  Shell shell(channel, find_driver());
  Server server(channel, shell);
  const Json ready{
      {"language", "sh"}, {"version", shell.version()}, {"pid", getpid()}, {"prefetch", 1}};
  channel.send(R"({"msg_type": "ready"})", "{}", ready.dump());
  while (true) {
    Frames frames = channel.receive();
    server.handle(frames);
  }
}
