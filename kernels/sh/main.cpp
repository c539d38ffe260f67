// SPDX-License-Identifier: BSD-3-Clause
// main.cpp: ipkit-kernel-sh: a persistent shell behind the kernel contract.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernels/common/frames.hpp"
#include "kernels/sh/message.hpp"
#include "kernels/sh/requests.hpp"
#include "kernels/sh/shell.hpp"

namespace {

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

int main(int argc, char** argv) {
  using namespace ipkit::kernel;
  using namespace ipkit::kernel::sh;
  if (argc > 2 && std::string(argv[1]) == "message") {
    return message_program(argc - 2, argv + 2);
  }
  Channel channel(take_descriptor());
  watch_signals();
  Shell shell(channel, find_driver());
  ShellServer server(channel, shell);
  const Json ready{
      {"language", "sh"}, {"version", shell.version()}, {"pid", getpid()}, {"prefetch", 1}};
  channel.send(R"({"msg_type": "ready"})", "{}", ready.dump());
  while (true) {
    Frames frames = channel.receive();
    server.handle(frames);
  }
}
