// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-ssh: the launcher for hosts reached by ssh. The contract is launchers/README.md, how
// it works is in docs/launchers.md.
#include "launchers/common/program.hpp"
#include "launchers/ssh/start.hpp"
#include "launchers/ssh/verbs.hpp"
#include "libipc/util/process.hpp"

namespace ipc::ssh {
namespace {

launcher::Verb verb(std::string_view name) {
  return {name, [name](const config::LaunchRequest& request) {
            raise_file_limit();
            return name == "start" ? start(request) : act(name, request);
          }};
}

launcher::Program program() {
  return {"ssh",
          "processes on hosts reached by ssh",
          {verb("start"), verb("status"), verb("signal"), verb("stop")},
          {"role", "record", "ids", "count", "program", "arguments", "directory", "environment",
           "log", "profile_dir", "cluster_id", "settings", "signal", "grace"},
          {"hosts", "controller", "config", "connect_timeout", "fanout", "profile_dir", "bin",
           "directory", "prologue", "connection", "detach"},
          preview};
}

}  // namespace
}  // namespace ipc::ssh

int main(int argc, char** argv) {
  return ipc::launcher::run(ipc::ssh::program(), argc, argv);
}
