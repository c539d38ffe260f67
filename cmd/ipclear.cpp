// SPDX-License-Identifier: BSD-3-Clause
// ipclear: namespaces as they were at the start.
#include "libipc/cli/control.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;

Command command() {
  Command c;
  c.name = "ipclear";
  c.synopsis = {"[-t SET] [--timeout TIME]"};
  c.summary =
      "Clears the namespace of every engine: what was defined there is gone. Prints nothing. An\n"
      "engine that works is cleared when it has finished what it is doing, before what is queued.";
  c.examples = {
      {"ipclear", "all engines"},
      {"ipclear -t 0-3 && ipexec -f setup.py", "a new start on some"},
      {"ipclear --sh", "variables and directory of the shells"},
  };
  c.common = kCluster | kTargets | kTimeout | kKernel;
  return c;
}

ipc::Result<std::vector<int>> engines_to_clear(Connection& connection, const Arguments& arguments) {
  // Every engine knows the request, only ours have other kernels.
  return chosen_kernel(arguments).empty() ? choose_engines(connection, arguments)
                                          : choose_kernels(connection, arguments);
}

ipc::Result<int> body(const Arguments& arguments) {
  if (!arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "'" + arguments.operands[0] + "' is too much",
                      "engines are chosen by -t; one name is removed by ipexec 'del NAME'"};
  IPC_TRY(arguments.duration("timeout"));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const auto engines, engines_to_clear(*connection, arguments));
  const ControlRequest request{"clear_request", "{}", chosen_kernel(arguments), "not cleared"};
  IPC_TRY_ASSIGN(const auto failures, control_each(*connection, arguments, engines, request));
  return report_failures(arguments, failures);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
