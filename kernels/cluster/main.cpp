// SPDX-License-Identifier: BSD-3-Clause
// ipkit-kernel-cluster: another cluster behind the kernels' contract.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "kernels/cluster/bridge.hpp"
#include "libipc/util/fd.hpp"

int main(int argc, char** argv) {
  const char* text = std::getenv("IPKIT_KERNEL_FD");
  const int fd = text != nullptr ? std::atoi(text) : -1;
  if (argc != 2 || fd < 3 || !ipc::set_cloexec(fd) || !ipc::set_nonblocking(fd)) {
    std::fputs(
        "usage: ipkit-kernel-cluster cluster:PROFILE[/ID]\n"
        "started by an engine only (IPKIT_KERNEL_FD)\n",
        stderr);
    return 64;
  }
  ::unsetenv("IPKIT_KERNEL_FD");
  ::unsetenv("IPKIT_KERNEL_LEDGER");  // several requests run at a time: none waits its turn here
  ::signal(SIGINT, SIG_IGN);          // a message says which request is meant
  ::signal(SIGPIPE, SIG_IGN);
  const auto ended = ipc::cluster::run(fd, argv[1]);
  if (ended) return 0;
  std::fprintf(stderr, "%s\n", ended.error().text().c_str());
  return static_cast<int>(ended.error().code);
}
