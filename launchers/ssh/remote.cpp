// SPDX-License-Identifier: BSD-3-Clause
// One host: a login, and the local launcher over there that does the work.
#include "launchers/ssh/remote.hpp"

#include <filesystem>

#include "libipc/util/text.hpp"

namespace ipc::ssh {
namespace {

// Scripts for any POSIX shell, run as one word of whatever login shell there is: no single quote,
// no line end, no exclamation mark. What varies comes by standard input. A mark precedes each part
// of the output: a login shell's own files may print before.
constexpr const char* kMark = "--ipkit--\n";

constexpr const char* kPrepare =
    "umask 077; IFS= read -r dir; IFS= read -r work; IFS= read -r must; IFS= read -r program; "
    "IFS= read -r launcher; "
    "case $dir in \"~/\"*) dir=$HOME/${dir#\"~/\"};; esac; "
    "case $work in \"~/\"*) work=$HOME/${work#\"~/\"};; \"~\") work=$HOME;; esac; "
    "mkdir -p -- \"$dir/pid\" \"$dir/log\" \"$dir/security\" || exit 77; "
    "chmod 700 \"$dir/pid\" \"$dir/security\" || exit 77; "
    "for sub in pid log security; do if test -w \"$dir/$sub\"; then :; else "
    "echo \"$dir/$sub: no permission to write\" >&2; exit 77; fi; done; "
    "for file in \"$program\" \"$launcher\"; do if test -x \"$file\"; then :; else "
    "echo \"no program $file there\" >&2; exit 66; fi; done; "
    "if test -d \"$work\"; then :; elif test -n \"$must\"; then "
    "echo \"no directory $work there\" >&2; exit 66; else work=$HOME; fi; "
    "echo --ipkit--; printf \"%s\\n\" \"$dir\" \"$work\"";

// The document's last line shows that all of it has come: a launcher that is killed shall not start
// half of what it was asked for.
constexpr const char* kCall =
    "IFS= read -r launcher; IFS= read -r verb; document=$(cat); "
    "case $document in *\"# end\") ;; *) echo \"the request was cut\" >&2; exit 65;; esac; "
    "echo --ipkit--; printf \"%s\\n\" \"$document\" | \"$launcher\" \"$verb\"";

constexpr const char* kFetch =
    "IFS= read -r first; IFS= read -r second; IFS= read -r pid; IFS= read -r log; "
    "is_written() { grep -q \"\\\"pid\\\": $pid[,}]*\\$\" \"$1\" 2>/dev/null; }; "
    "until is_written \"$first\" && is_written \"$second\"; do "
    "if kill -0 \"$pid\" 2>/dev/null; then sleep 0.05; else tail -n 3 \"$log\" >&2; exit 69; fi; "
    "done; for file in \"$first\" \"$second\"; do echo --ipkit--; cat \"$file\"; done";

std::vector<std::string> parts_of(const std::string& output) {
  std::vector<std::string> parts;
  const std::string_view mark(kMark);
  for (size_t at = output.find(mark); at != std::string::npos;) {
    const size_t next = output.find(mark, at + mark.size());
    parts.push_back(output.substr(at + mark.size(), next - at - mark.size()));
    at = next;
  }
  return parts;
}

}  // namespace

std::string Place::launcher() const {
  const auto bin = std::filesystem::path(program).parent_path();
  return bin.parent_path() / "libexec/ipkit/ipkit-launch-local";
}

Result<Remote> Remote::open(const std::string& host, const Login& login) {
  IPC_TRY_ASSIGN(const auto address, net::parse_ssh_host(host));
  IPC_TRY_ASSIGN(auto session, net::SshSession::open(address, {login.config, "", login.timeout}));
  return Remote(host, std::move(session));
}

Result<std::vector<std::string>> Remote::run(const char* script, const std::string& input,
                                             Duration limit) {
  const std::string command = std::string("exec /bin/sh -c '") + script + "'";
  IPC_TRY_ASSIGN(const auto done, session_.run(command, input, Clock::now() + limit));
  if (done.status == 0) return parts_of(done.output);
  std::string said(trim(done.errors));
  for (size_t at = 0; (at = said.find('\n', at)) != std::string::npos;) said.replace(at, 1, " / ");
  if (said.empty()) said = "/bin/sh: exit status " + std::to_string(done.status);
  const bool speaks = done.status >= 64 && done.status <= 78;
  return Error{speaks ? static_cast<Code>(done.status) : Code::failed, host_ + ": " + said, ""};
}

Result<Place> Remote::prepare(const Place& wanted, bool must_have_directory) {
  const std::string input = wanted.profile_dir + "\n" + wanted.directory + "\n" +
                            (must_have_directory ? "must" : "") + "\n" + wanted.program + "\n" +
                            wanted.launcher() + "\n";
  IPC_TRY_ASSIGN(const auto parts, run(kPrepare, input, seconds(30)));
  const auto lines = split(parts.empty() ? "" : parts[0], '\n');
  if (lines.size() < 2)
    return Error{Code::bad_input, host_ + ": /bin/sh did not do what it was asked to", ""};
  return Place{lines[0], lines[1], wanted.program};
}

Result<std::vector<config::Launched>> Remote::call(const std::string& launcher,
                                                   const std::string& verb,
                                                   const config::LaunchRequest& request,
                                                   Duration limit) {
  const std::string input = launcher + "\n" + verb + "\n" + config::to_yaml(request) + "# end\n";
  IPC_TRY_ASSIGN(const auto parts, run(kCall, input, limit));
  auto processes = config::parse_launch_answer(parts.empty() ? "" : parts[0]);
  if (!processes)
    return Error{Code::bad_input, host_ + ": answer of " + launcher + ": " + processes.error().what,
                 ""};
  for (auto& process : *processes) process.id = host_ + "/" + process.id;
  return processes;
}

Result<std::vector<std::string>> Remote::fetch(const std::vector<std::string>& paths, pid_t pid,
                                               const std::string& log) {
  const std::string input =
      paths[0] + "\n" + paths[1] + "\n" + std::to_string(pid) + "\n" + log + "\n";
  IPC_TRY_ASSIGN(auto parts, run(kFetch, input, seconds(45)));
  if (parts.size() == 2) return parts;
  return Error{Code::bad_input, host_ + ": no connection files came from there", ""};
}

}  // namespace ipc::ssh
