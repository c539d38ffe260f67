// SPDX-License-Identifier: BSD-3-Clause
// Starting processes that do not run before they are on record.
#include "launchers/local/spawn.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "libipc/util/process.hpp"

namespace ipc::local {
namespace {

/// What a child says when it cannot go on; nothing is said when exec succeeds.
struct Failure {
  int error = 0;
  char step = 0;  ///< 'l' log, 'd' directory, 'x' exec
};

std::string log_name(const config::LaunchRequest& request, pid_t pid) {
  std::string name = request.log;
  if (const size_t at = name.find("{pid}"); at != std::string::npos)
    name.replace(at, 5, std::to_string(pid));
  return name;
}

[[noreturn]] void give_up(int report, char step) {
  const Failure failure{errno, step};
  [[maybe_unused]] auto n = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

/// All signals as at a login: who started the cluster may have ignored some (nohup, `&`).
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The child: waits at the gate, then becomes the program.
[[noreturn]] void become(const config::LaunchRequest& request, int gate, int report) {
  char go = 0;
  if (::read(gate, &go, 1) != 1) ::_exit(126);  // the launcher died before we were on record
  ::setsid();
  reset_signals();
  const std::string log = log_name(request, ::getpid());
  const int out = ::open(log.empty() ? "/dev/null" : log.c_str(),
                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0) give_up(report, 'l');
  if (!request.directory.empty() && ::chdir(request.directory.c_str()) != 0) give_up(report, 'd');
  for (const auto& [name, value] : request.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words{const_cast<char*>(request.program.c_str())};
  for (const auto& word : request.arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execv(words[0], words.data());
  give_up(report, 'x');
}

Error explain(const config::LaunchRequest& request, const Failure& failure) {
  errno = failure.error;
  if (failure.step == 'l') return system_error(Code::internal, request.log);
  if (failure.step == 'd') return system_error(Code::no_input, request.directory);
  return system_error(Code::no_input, request.program);
}

void end_all(const std::vector<Entry>& entries) {
  for (const auto& entry : entries) {
    ::kill(entry.process.pid, SIGKILL);
    ::waitpid(entry.process.pid, nullptr, 0);
  }
}

}  // namespace

Result<std::vector<Entry>> spawn_all(const config::LaunchRequest& request, Record& record,
                                     const std::string& id) {
  IPC_TRY_ASSIGN(FdPair gate, make_pipe());
  IPC_TRY_ASSIGN(FdPair report, make_pipe());
  std::vector<Entry> entries;
  for (int i = 0; i < request.count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      gate.second.reset();
      become(request, gate.first.get(), report.second.get());
    }
    if (pid < 0) {
      const Error error = system_error(Code::internal, "fork");
      end_all(entries);
      return error;
    }
    entries.push_back(new_entry(pid, request.role, log_name(request, pid)));
    if (!id.empty()) entries.back().process.id = id;
  }
  if (Status written = record.append(entries); !written) {
    end_all(entries);
    return written.error();
  }
  // Opens the gate: a byte for each.
  const Status opened = write_all(gate.second.get(), std::string(entries.size(), 'g'));
  report.second.reset();
  Failure failure;
  const ssize_t n = opened ? ::read(report.first.get(), &failure, sizeof failure) : 0;
  if (opened && n != static_cast<ssize_t>(sizeof failure)) return entries;
  end_all(entries);
  if (!opened) return opened.error();
  return explain(request, failure);
}

}  // namespace ipc::local
