// SPDX-License-Identifier: BSD-3-Clause
// ipkit: which programs there are.
#include <unistd.h>

#include <string>
#include <string_view>

#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/file.hpp"

namespace {

using namespace ipc::cli;

struct Row {
  std::string_view what;
  std::vector<std::string_view> programs;
};

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"cluster", {"ipcluster", "ipcontroller", "ipengine", "ipprofile"}},
      {"namespaces",
       {"ipexec", "ipapply", "ippush", "ippull", "ipscatter", "ipgather", "ipls", "ipclear"}},
      {"tasks", {"ipmap", "ipsubmit", "ipdag"}},
      {"jobs", {"ipwait", "ipresult", "ipcancel", "iphistory"}},
      {"watch", {"ipstat", "iptop", "ipreport"}},
      {"at a prompt", {"ipconsole", "ipkernel"}},
  };
  return rows;
}

// Those of the row that are installed beside this one.
std::string present(const Row& row) {
  const std::string directory = ipc::program_directory() + "/";
  std::string names;
  for (const auto program : row.programs)
    if (::access((directory + std::string(program)).c_str(), X_OK) == 0)
      names += " " + std::string(program);
  return names;
}

ipc::Result<int> body(const Arguments& arguments) {
  if (!arguments.operands.empty()) {
    const std::string& word = arguments.operands[0];
    if (word == "doctor")
      return ipc::Error{ipc::Code::usage, "'doctor' is ipcluster's", "ipcluster doctor"};
    return ipc::Error{ipc::Code::usage,
                      "'" + word + "' is too much: the programs are run by their own names",
                      "ipkit alone lists them"};
  }
  std::string text = "ipkit " IPKIT_VERSION
                     ": processes that stay, on all your cores and machines, "
                     "driven from the shell\n\n";
  for (const auto& row : table()) {
    const std::string names = present(row);
    if (names.empty()) continue;
    std::string what(row.what);
    what.resize(12, ' ');
    text.append("    ").append(what).append(names).append("\n");
  }
  text +=
      "\nStart: ipcluster start -n 4 --daemonize    Try: ipexec -p '1 + 1'\n"
      "Help: any of them with -h    Manual: man ipkit\n";
  IPC_TRY(print(text));
  return 0;
}

Command command() {
  Command c;
  c.name = "ipkit";
  c.synopsis = {""};
  c.summary = "Lists the programs of ipkit.";
  return c;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
