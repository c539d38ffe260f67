// SPDX-License-Identifier: BSD-3-Clause
// Jupyter's connection files: where a kernel listens, and the key; and where Jupyter keeps things.
#include "libipc/net/kernel_file.hpp"

#include <cstdlib>

#include "libipc/util/file.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::net {
namespace {

using wire::Json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string missing_port(std::string text, const std::string& name) {
  text += ": no ";
  return text += name;
}

}  // namespace

std::string KernelEndpoints::address(const std::string& channel) const {
  const auto port = ports.find(channel);
  const std::string number = port == ports.end() ? "0" : std::to_string(port->second);
  if (transport == "ipc") return "ipc://" + ip + "-" + number;
  const bool any = ip.empty() || ip == "*" || ip == "0.0.0.0";
  return transport + "://" + (any ? "127.0.0.1" : ip) + ":" + number;
}

Result<KernelEndpoints> read_kernel_file(const std::string& path) {
  IPC_TRY_ASSIGN(const std::string text, read_file(path, 1 << 20));
  const auto json = wire::parse_json(text);
  if (!json || !json->is_object())
    return Error{Code::bad_input, path + ": not a kernel's connection file", ""};
  KernelEndpoints endpoints;
  endpoints.transport = wire::string_or(*json, "transport", "tcp");
  endpoints.ip = wire::string_or(*json, "ip", "127.0.0.1");
  endpoints.key = wire::string_or(*json, "key");
  endpoints.scheme = wire::string_or(*json, "signature_scheme", "hmac-sha256");
  endpoints.kernel_name = wire::string_or(*json, "kernel_name");
  for (const char* channel : kKernelChannels) {
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

Status write_kernel_file(const std::string& path, const KernelEndpoints& endpoints) {
  Json json = {{"transport", endpoints.transport},
               {"ip", endpoints.ip},
               {"key", endpoints.key},
               {"signature_scheme", endpoints.scheme},
               {"kernel_name", endpoints.kernel_name}};
  for (const auto& [channel, port] : endpoints.ports) json[channel + "_port"] = port;
  return write_file_atomically(path, wire::dump_json(json) + "\n");
}

std::string jupyter_data_directory() {
  if (auto own = environment("JUPYTER_DATA_DIR"); !own.empty()) return own;
  if (const auto data = environment("XDG_DATA_HOME"); !data.empty()) return data + "/jupyter";
  return environment("HOME") + "/.local/share/jupyter";
}

std::string jupyter_runtime_directory() {
  if (auto own = environment("JUPYTER_RUNTIME_DIR"); !own.empty()) return own;
  return jupyter_data_directory() + "/runtime";
}

}  // namespace ipc::net
