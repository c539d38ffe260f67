// SPDX-License-Identifier: BSD-3-Clause
// --serial: a kernel of our own instead of a cluster.
#include "libipc/cli/serial.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace ipc::cli {

bool is_serial(const Arguments& arguments) {
  const char* setting = std::getenv("IPKIT_SERIAL");
  const bool by_environment = setting && *setting && std::string_view(setting) != "0";
  return by_environment || arguments.has("serial");
}

Status check_serial(const Command& command, const Arguments& arguments) {
  if (!is_serial(arguments)) return {};
  const std::string asked = arguments.has("serial") ? "--serial" : "IPKIT_SERIAL";
  if ((command.common & kSerial) == 0 && (command.common & kCluster) != 0)
    return Error{Code::usage,
                 asked + ": nothing would be left of it: its kernel ends with the command",
                 "names, tasks and jobs need a cluster: ipcluster start -n 1"};
  if (arguments.has("async"))
    return Error{Code::usage, asked + " does not go with --async: its kernel ends with the command",
                 "leave one out"};
  return {};
}

}  // namespace ipc::cli
