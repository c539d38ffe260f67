// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-local: the launcher for this machine. The contract is launchers/README.md.
#include <csignal>

#include "launchers/common/program.hpp"
#include "launchers/local/spawn.hpp"
#include "libipc/util/last_words.hpp"
#include "libipc/util/subprocess.hpp"

namespace ipc::local {
namespace {

using launcher::Answer;

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

launcher::Program program() {
  return {"local",
          "processes on this machine",
          {{"start", start}, {"status", status}, {"signal", signal}, {"stop", stop}},
          {"role", "record", "ids", "count", "program", "arguments", "directory", "environment",
           "log", "signal", "grace"},
          {},
          nullptr};
}

}  // namespace
}  // namespace ipc::local

int main(int argc, char** argv) {
  return ipc::launcher::run(ipc::local::program(), argc, argv);
}
