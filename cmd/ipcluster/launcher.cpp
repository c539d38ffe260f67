// SPDX-License-Identifier: BSD-3-Clause
// Calling launcher plugins.
#include "cmd/ipcluster/launcher.hpp"

#include <sys/wait.h>

#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {

Result<Launcher> Launcher::find(const std::string& kind, const config::ClusterName& cluster) {
  IPC_TRY_ASSIGN(std::string path, config::find_launcher(kind, cluster));
  return Launcher(kind, std::move(path));
}

Result<std::string> Launcher::call(std::vector<std::string> words,
                                   const config::LaunchRequest& request, Duration limit) const {
  IPC_TRY(config::check_utf8(request));
  words.insert(words.begin(), path_);
  IPC_TRY_ASSIGN(const Completed done, run_to_end(words, config::to_yaml(request), limit));
  if (done.ok()) return done.output;
  std::string said(trim(done.errors));
  if (said.empty()) said = path_ + ": " + describe_exit(done.wait_status);
  const int status = WIFEXITED(done.wait_status) ? WEXITSTATUS(done.wait_status) : 0;
  return Error{status >= 64 && status <= 78 ? static_cast<Code>(status) : Code::failed, said, ""};
}

Result<std::vector<config::Launched>> Launcher::run(std::string_view verb,
                                                    const config::LaunchRequest& request,
                                                    Duration limit) const {
  IPC_TRY_ASSIGN(const std::string answer, call({std::string(verb)}, request, limit));
  auto processes = config::parse_launch_answer(answer);
  if (!processes)
    return Error{Code::bad_input,
                 path_ + " " + std::string(verb) + ": its answer: " + processes.error().what, ""};
  return processes;
}

bool Launcher::grows() const {
  const auto text = call({"describe"}, {}, seconds(10));
  return !text || config::parse_grows(*text);
}

Result<std::string> Launcher::preview(const config::LaunchRequest& request) const {
  return call({"start", "--dry-run"}, request, seconds(60));
}

}  // namespace ipc::cluster
