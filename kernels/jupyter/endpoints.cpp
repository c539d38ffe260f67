// SPDX-License-Identifier: BSD-3-Clause
// A connection file for a Jupyter kernel of ours, with its ports.
#include "kernels/jupyter/endpoints.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "libipc/util/text.hpp"

namespace ipc::jupyter {
namespace {

constexpr size_t kKeyBytes = 32;

Result<Fd> hold_port(int& port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0)
    return system_error(Code::internal, "a port for the kernel");
  port = ntohs(address.sin_port);
  return fd;
}

Result<std::string> private_directory() {
  std::string base;
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* value = std::getenv(name);
    struct stat s;
    if (base.empty() && value != nullptr && ::stat(value, &s) == 0 && S_ISDIR(s.st_mode) &&
        ::access(value, W_OK) == 0)
      base = value;
  }
  std::string path = (base.empty() ? "/tmp" : base) + "/ipkit-jupyter-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return system_error(Code::internal, path);
  return path;
}

}  // namespace

Result<ConnectionFile> make_connection_file(const std::string& kernel_name) {
  ConnectionFile made;
  made.endpoints.key = random_hex(kKeyBytes);
  made.endpoints.kernel_name = kernel_name;
  for (const char* channel : net::kKernelChannels) {
    int port = 0;
    IPC_TRY_ASSIGN(Fd fd, hold_port(port));
    made.held.push_back(std::move(fd));
    made.endpoints.ports[channel] = port;
  }
  IPC_TRY_ASSIGN(made.directory, private_directory());
  made.path = made.directory + "/kernel.json";
  if (auto written = net::write_kernel_file(made.path, made.endpoints); !written) {
    ::rmdir(made.directory.c_str());
    return written.error();
  }
  return made;
}

}  // namespace ipc::jupyter
