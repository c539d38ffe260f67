// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-local: the launcher for this machine. The contract is launchers/README.md.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "launchers/local/spawn.hpp"
#include "libipc/util/last_words.hpp"
#include "libipc/util/subprocess.hpp"

namespace ipc::local {
namespace {

using Answer = Result<std::vector<config::Launched>>;

std::vector<config::Launched> processes_of(const std::vector<Entry>& entries) {
  std::vector<config::Launched> processes;
  for (const auto& entry : entries) {
    processes.push_back(entry.process);
    const bool runs = entry.is_running();
    processes.back().state = runs ? "running" : "ended";
    if (!runs) processes.back().why = "it ended" + last_words(entry.process.log);
  }
  return processes;
}

Answer start(const config::LaunchRequest& request) {
  if (request.program.empty() || request.program[0] != '/')
    return Error{Code::bad_input, "'program' must be an absolute path", ""};
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto entries, spawn_all(request, record));
  std::vector<config::Launched> processes;
  for (const auto& entry : entries) {
    processes.push_back(entry.process);
    processes.back().state = "running";
  }
  return processes;
}

Answer status(const config::LaunchRequest& request) {
  if (::access(request.record.c_str(), F_OK) != 0) return std::vector<config::Launched>{};
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto entries, record.select(request));
  return processes_of(entries);
}

/// A descriptor of the process, so that nothing else is meant whatever happens to its pid; none if
/// it is gone.
Fd descriptor_of(const Entry& entry) {
  Fd fd = process_descriptor(entry.process.pid);
  return fd && entry.is_running() ? std::move(fd) : Fd();
}

Answer signal(const config::LaunchRequest& request) {
  if (::access(request.record.c_str(), F_OK) != 0) return std::vector<config::Launched>{};
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto entries, record.select(request));
  for (const auto& entry : entries)
    if (const Fd fd = descriptor_of(entry)) signal_process(fd.get(), request.signal);
  return processes_of(entries);
}

void wait_for_end(const std::vector<Fd>& processes, Duration limit) {
  const TimePoint end = Clock::now() + limit;
  for (const auto& process : processes) wait_for_process(process.get(), end);
}

/// TERM to all, then KILL to those that are still there after the time of grace.
Answer stop(const config::LaunchRequest& request) {
  if (::access(request.record.c_str(), F_OK) != 0) return std::vector<config::Launched>{};
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto entries, record.select(request));
  std::vector<Fd> running;
  for (const auto& entry : entries)
    if (Fd fd = descriptor_of(entry)) running.push_back(std::move(fd));
  for (const auto& fd : running) signal_process(fd.get(), SIGTERM);
  wait_for_end(running,
               std::chrono::duration_cast<Duration>(std::chrono::duration<double>(request.grace)));
  for (const auto& fd : running) signal_process(fd.get(), SIGKILL);
  wait_for_end(running, seconds(5));
  auto processes = processes_of(entries);
  IPC_TRY(record.remove_if_over());
  return processes;
}

constexpr std::string_view kDescription =
    "name: \"local\"\n"
    "summary: \"processes on this machine\"\n"
    "verbs: [\"start\", \"status\", \"signal\", \"stop\", \"describe\"]\n"
    "keys: [\"role\", \"record\", \"ids\", \"count\", \"program\", \"arguments\", \"directory\", "
    "\"environment\", \"log\", \"signal\", \"grace\"]\n";

Result<std::string> answer(std::string_view verb, bool dry_run) {
  if (verb == "describe") return std::string(kDescription);
  Answer (*act)(const config::LaunchRequest&) = verb == "start"    ? start
                                                : verb == "status" ? status
                                                : verb == "signal" ? signal
                                                : verb == "stop"   ? stop
                                                                   : nullptr;
  if (!act)
    return Error{Code::usage, "unknown verb '" + std::string(verb) + "'",
                 "start, status, signal, stop or describe"};
  IPC_TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO, 1 << 20));
  IPC_TRY_ASSIGN(const auto request, config::parse_launch_request(text));
  if (dry_run) return config::to_yaml(request);
  IPC_TRY_ASSIGN(const auto processes, act(request));
  return config::to_yaml(processes);
}

}  // namespace
}  // namespace ipc::local

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool dry_run = argc > 2 && argv[2] == std::string_view("--dry-run");
  if (argc < 2 || argc > 3 || (argc == 3 && !dry_run)) {
    std::fputs("usage: ipkit-launch-local start|status|signal|stop|describe [--dry-run]\n", stderr);
    return static_cast<int>(ipc::Code::usage);
  }
  const auto answer = ipc::local::answer(verb, dry_run);
  if (!answer) {
    std::fprintf(stderr, "ipkit-launch-local: %s\n", answer.error().text().c_str());
    return static_cast<int>(answer.error().code);
  }
  return ipc::write_all(STDOUT_FILENO, *answer) ? 0 : static_cast<int>(ipc::Code::internal);
}
