// SPDX-License-Identifier: BSD-3-Clause
// Jupyter's connection files: where a kernel listens, and the key.
#include "kernels/jupyter/endpoints.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::jupyter {
namespace {

using wire::Json;

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

std::string missing_port(std::string text, const std::string& name) {
  text += ": no ";
  return text += name;
}

}  // namespace

std::string Endpoints::address(const std::string& channel) const {
  const auto port = ports.find(channel);
  const std::string number = port == ports.end() ? "0" : std::to_string(port->second);
  if (transport == "ipc") return "ipc://" + ip + "-" + number;
  const bool any = ip.empty() || ip == "*" || ip == "0.0.0.0";
  return transport + "://" + (any ? "127.0.0.1" : ip) + ":" + number;
}

Result<Endpoints> read_endpoints(const std::string& path) {
  IPC_TRY_ASSIGN(const std::string text, read_file(path, 1 << 20));
  const auto json = wire::parse_json(text);
  if (!json || !json->is_object())
    return Error{Code::bad_input, path + ": not a kernel's connection file", ""};
  Endpoints endpoints;
  endpoints.transport = wire::string_or(*json, "transport", "tcp");
  endpoints.ip = wire::string_or(*json, "ip", "127.0.0.1");
  endpoints.key = wire::string_or(*json, "key");
  endpoints.scheme = wire::string_or(*json, "signature_scheme", "hmac-sha256");
  for (const char* channel : kChannels) {
    std::string name = channel;
    name += "_port";
    const int64_t port = wire::int_or(*json, name.c_str(), 0);
    if (port < 1 || port > 65535)
      return Error{Code::bad_input, missing_port(path, name),
                   "is it a Jupyter kernel's connection file?"};
    endpoints.ports[channel] = static_cast<int>(port);
  }
  if (endpoints.transport != "tcp" && endpoints.transport != "ipc")
    return Error{Code::bad_input, path + ": transport '" + endpoints.transport + "'", ""};
  return endpoints;
}

Result<ConnectionFile> make_connection_file(const std::string& kernel_name) {
  ConnectionFile made;
  made.endpoints.key = random_hex(kKeyBytes);
  Json json = {{"transport", made.endpoints.transport},
               {"ip", made.endpoints.ip},
               {"key", made.endpoints.key},
               {"signature_scheme", made.endpoints.scheme},
               {"kernel_name", kernel_name}};
  for (const char* channel : kChannels) {
    int port = 0;
    IPC_TRY_ASSIGN(Fd fd, hold_port(port));
    made.held.push_back(std::move(fd));
    made.endpoints.ports[channel] = port;
    json[std::string(channel) + "_port"] = port;
  }
  IPC_TRY_ASSIGN(made.directory, private_directory());
  made.path = made.directory + "/kernel.json";
  if (auto written = write_file_atomically(made.path, wire::dump_json(json)); !written) {
    ::rmdir(made.directory.c_str());
    return written.error();
  }
  return made;
}

}  // namespace ipc::jupyter
