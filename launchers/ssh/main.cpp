// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-ssh: the launcher for hosts reached by ssh. The contract is launchers/README.md, how
// it works is in docs/launchers.md.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "launchers/ssh/start.hpp"
#include "launchers/ssh/verbs.hpp"
#include "libipc/util/process.hpp"

namespace ipc::ssh {
namespace {

constexpr std::string_view kDescription =
    "name: \"ssh\"\n"
    "summary: \"processes on hosts reached by ssh\"\n"
    "verbs: [\"start\", \"status\", \"signal\", \"stop\", \"describe\"]\n"
    "keys: [\"role\", \"record\", \"ids\", \"count\", \"program\", \"arguments\", \"directory\", "
    "\"environment\", \"log\", \"profile_dir\", \"cluster_id\", \"settings\", \"signal\", "
    "\"grace\"]\n"
    "settings: [\"hosts\", \"controller\", \"config\", \"connect_timeout\", \"fanout\", "
    "\"profile_dir\", \"bin\", \"directory\", \"prologue\", \"connection\", \"detach\"]\n";

Result<std::string> answer(std::string_view verb, bool dry_run) {
  if (verb == "describe") return std::string(kDescription);
  if (verb != "start" && verb != "status" && verb != "signal" && verb != "stop")
    return Error{Code::usage, "unknown verb '" + std::string(verb) + "'",
                 "start, status, signal, stop or describe"};
  IPC_TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO, 1 << 20));
  IPC_TRY_ASSIGN(const auto request, config::parse_launch_request(text));
  if (dry_run && verb == "start") return preview(request);
  if (dry_run) return config::to_yaml(request);
  raise_file_limit();
  IPC_TRY_ASSIGN(const auto processes, verb == "start" ? start(request) : act(verb, request));
  return config::to_yaml(processes);
}

}  // namespace
}  // namespace ipc::ssh

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool dry_run = argc > 2 && argv[2] == std::string_view("--dry-run");
  if (argc < 2 || argc > 3 || (argc == 3 && !dry_run)) {
    std::fputs("usage: ipkit-launch-ssh start|status|signal|stop|describe [--dry-run]\n", stderr);
    return static_cast<int>(ipc::Code::usage);
  }
  const auto answer = ipc::ssh::answer(verb, dry_run);
  if (!answer) {
    std::fprintf(stderr, "ipkit-launch-ssh: %s\n", answer.error().text().c_str());
    return static_cast<int>(answer.error().code);
  }
  return ipc::write_all(STDOUT_FILENO, *answer) ? 0 : static_cast<int>(ipc::Code::internal);
}
