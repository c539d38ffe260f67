// SPDX-License-Identifier: BSD-3-Clause
// ipkit-kernel-echo: the echo kernel as a program.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernels/echo/echo.hpp"
#include "libipc/util/fd.hpp"

namespace {

/// Appends what there is. False at the end of the stream.
bool read_some(int fd, std::string& input) {
  static char piece[256 << 10];
  const ssize_t n = ::read(fd, piece, sizeof piece);
  if (n > 0) input.append(piece, static_cast<size_t>(n));
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/// Writes until the socket is full. False if nobody reads any more.
bool write_some(int fd, std::string& output, size_t& written) {
  while (written < output.size()) {
    const ssize_t n = ::send(fd, output.data() + written, output.size() - written, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    written += static_cast<size_t>(n);
  }
  output.clear();
  written = 0;
  return true;
}

/// The page of `$IPKIT_KERNEL_LEDGER`; null if there is none.
ipc::Claims* map_claims() {
  const char* const text = ::getenv("IPKIT_KERNEL_LEDGER");
  char* file = nullptr;
  const long offset = text != nullptr ? std::strtol(text, &file, 10) : 0;
  if (file == nullptr || *file != ':') return nullptr;
  const ipc::Fd fd(::open(file + 1, O_RDWR | O_CLOEXEC));
  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), offset);
  return page == MAP_FAILED ? nullptr : static_cast<ipc::Claims*>(page);
}

}  // namespace

int main() {
  const char* text = ::getenv("IPKIT_KERNEL_FD");
  const int fd = text != nullptr ? std::atoi(text) : -1;
  if (fd < 3 || !ipc::set_cloexec(fd) || !ipc::set_nonblocking(fd)) {
    std::fputs("ipkit-kernel-echo: started by an engine only (IPKIT_KERNEL_FD)\n", stderr);
    return 64;
  }
  ::unsetenv("IPKIT_KERNEL_FD");
  ::signal(SIGINT, SIG_IGN);  // nothing ever runs that could be interrupted
  ipc::echo::EchoKernel kernel(map_claims());
  std::string input;
  size_t written = 0;
  for (;;) {
    if (!write_some(fd, kernel.output, written)) return 0;
    // While answers wait nothing is read: who does not take them gets no more.
    const bool waiting = !kernel.output.empty();
    pollfd item{fd, static_cast<short>(waiting ? POLLOUT : POLLIN), 0};
    if (::poll(&item, 1, -1) < 0 && errno != EINTR) return 70;
    if (waiting) continue;
    if (!read_some(fd, input)) return 0;
    if (!kernel.serve(input)) return 65;
  }
}
