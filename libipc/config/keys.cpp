// SPDX-License-Identifier: BSD-3-Clause
// The keys a profile may have.
#include "libipc/config/keys.hpp"

namespace ipc::config {
namespace {

constexpr Key kKeys[] = {
    {"launcher", Type::text, "local", "", "how engines are started: a launcher's name"},
    {"engines.n", Type::integer, "", "", "how many; one for each processor if not set"},
    {"engines.kernel", Type::text, "python", "IPKIT_KERNEL",
     "python, sh, or another kernel's name"},
    {"engines.python", Type::text, "", "IPKIT_PYTHON",
     "interpreter of python kernels: a path or a name"},
    {"engines.cwd", Type::text, "", "",
     "directory of the engines; where ipcluster was started if not set"},
    {"engines.env", Type::map, "", "", "variables for the engines"},
    {"engines.args", Type::list, "", "", "more options for ipengine"},
    {"engines.delay", Type::duration, "0", "", "time between the start of one engine and the next"},
    {"controller.launcher", Type::text, "local", "", "how the controller is started"},
    {"controller.ip", Type::text, "", "", "address to listen on"},
    {"controller.location", Type::text, "", "", "address engines and clients are told"},
    {"controller.ports", Type::text, "", "", "ports to use: 10101-10120, or a list"},
    {"controller.ping", Type::integer, "", "", "time between heartbeats, in milliseconds"},
    {"controller.hwm", Type::integer, "", "", "tasks an engine may hold; 0: no limit"},
    {"controller.scheme", Type::text, "", "", "which engine gets a task: leastload, lru, …"},
    {"controller.ssh", Type::text, "", "", "ssh server for clients: [user@]host[:port]"},
    {"controller.enginessh", Type::text, "", "", "ssh server for engines"},
    {"controller.env", Type::map, "", "", "variables for the controller"},
    {"controller.args", Type::list, "", "", "more options for ipcontroller"},
    {"timeouts.start", Type::duration, "60s", "", "how long start waits for engines"},
    {"timeouts.stop", Type::duration, "5s", "", "how long stop waits before it kills"},
    {"log_level", Type::text, "", "", "debug, info, warning or error"},
    {"groups", Type::groups, "", "", "names for sets of engines: @gpu in -t"},
};

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

const Key* find_key(std::string_view name) {
  for (const auto& key : kKeys)
    if (key.name == name) return &key;
  return nullptr;
}

std::string_view type_text(Type type) {
  switch (type) {
    case Type::text:
      return "a text";
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::duration:
      return "a time such as 30s or 5m";
    case Type::list:
      return "a list";
    case Type::map:
      return "names with values";
    case Type::groups:
      return "names, each with a set of engines or a list of sets";
  }
  return "";
}

}  // namespace ipc::config
