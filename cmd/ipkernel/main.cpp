// SPDX-License-Identifier: BSD-3-Clause
// ipkernel: engines as a Jupyter kernel.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cmd/ipkernel/server.hpp"
#include "cmd/ipkernel/specs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipkernel;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::cli::Arguments;
using ipc::cli::Command;
using ipc::cli::complain;
using ipc::net::KernelEndpoints;

constexpr size_t kKeyBytes = 32;

Command command() {
  Command c;
  c.name = "ipkernel";
  c.synopsis = {"[-t SET] [--kernel NAME | --sh] [-f FILE]",
                "install [--user | --prefix DIR | --sys-prefix] [--name NAME] [-t SET]",
                "uninstall [--name NAME]", "list"};
  c.summary =
      "Engines as one Jupyter kernel: console, notebook, nbconvert run cells on all of them.\n"
      "Alone it serves until it is ended; install registers it, for Jupyter to start.";
  c.examples = {
      {"ipkernel install --name four -t 0-3", "a kernel to choose: jupyter console --kernel four"},
      {"ipkernel list", "what is registered"},
      {"ipkernel uninstall --name four", "and away"},
  };
  c.options = {
      {'f', "file", "FILE",
       "the kernel's connection file: its ports, or written if it is not there"},
      {0, "own-engines", "", "a restart of the kernel clears their names, its shutdown ends them"},
      {0, "no-history", "", "neither read nor keep the inputs of sessions"},
      {0, "user", "", "install: for this user (the default)"},
      {0, "prefix", "DIR", "install: in DIR/share/jupyter"},
      {0, "sys-prefix", "", "install: where the Python in use is installed"},
      {0, "name", "NAME", "install: its name for --kernel (ipkit, or ipkit-PROFILE)"},
      {0, "display-name", "TEXT", "install: its name in menus"},
  };
  c.common = ipc::cli::kCluster | ipc::cli::kTargets | ipc::cli::kKernel;
  c.permute = true;
  return c;
}

/// A connection file of our own, removed when we end.
class OwnFile {
 public:
  OwnFile() = default;
  ~OwnFile() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;
  std::string path;
};

/// What front ends of this machine are told.
ipc::Status announce(const Server& server, const std::string& path) {
  const std::filesystem::path file(path);
  const bool is_found = file.parent_path() == ipc::net::jupyter_runtime_directory();
  const std::string name = is_found ? file.filename().string() : path;
  return ipc::cli::print("engines " + server.engines() + ": jupyter console --existing " +
                         ipc::shell_quote(name) + "\n");
}

Result<int> serve(const Arguments& arguments) {
  Server server(arguments,
                {arguments.has("own-engines"), std::getenv("JPY_PARENT_PID") != nullptr});
  std::string path = arguments.get_or("file", "");
  const bool is_given = !path.empty() && ::access(path.c_str(), F_OK) == 0;
  // One that Jupyter started says in its cells what is missing.
  const auto started = server.start();
  if (!started && !is_given) return started.error();
  if (!started) complain(started.error().text());
  KernelEndpoints endpoints;
  OwnFile own;
  if (is_given) {
    IPC_TRY_ASSIGN(endpoints, ipc::net::read_kernel_file(path));
  } else {
    if (path.empty()) {
      const std::string directory = ipc::net::jupyter_runtime_directory();
      IPC_TRY(ipc::make_directories(directory, 0700));
      path = directory + "/kernel-ipkit-" + std::to_string(::getpid()) + ".json";
    }
    endpoints.key = ipc::random_hex(kKeyBytes);
    endpoints.kernel_name = "ipkit";
  }
  IPC_TRY(server.listen(endpoints));
  if (!is_given) {
    IPC_TRY(ipc::net::write_kernel_file(path, endpoints));
    own.path = path;
    IPC_TRY(announce(server, path));
  }
  std::optional<ipc::console::History> history;
  if (!arguments.has("no-history")) {
    if (auto opened = ipc::console::History::open(ipc::console::history_path())) {
      history = *std::move(opened);
      server.set_history(&*history);
    } else {
      complain(opened.error().text());
    }
  }
  server.serve();
  return 0;
}

Result<int> body(const Arguments& arguments) {
  const std::string verb = arguments.operands.empty() ? "" : arguments.operands[0];
  if (arguments.operands.size() > 1)
    return Error{Code::usage, "'" + arguments.operands[1] + "' is too much", "try ipkernel -h"};
  if (verb == "install") return install(arguments);
  if (verb == "uninstall") return uninstall(arguments);
  if (verb == "list") return list(arguments);
  if (!verb.empty())
    return Error{Code::usage, "'" + verb + "' is no word of ipkernel's",
                 "install, uninstall, list, or options alone"};
  return serve(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  ipc::cli::run_program(command(), argc, argv, body);
}
