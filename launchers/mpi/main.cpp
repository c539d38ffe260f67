// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-mpi: all engines as one MPI program, which mpiexec, or srun, starts and ends. The
// contract is launchers/README.md.
#include <csignal>

#include <algorithm>

#include "launchers/common/command.hpp"
#include "launchers/common/program.hpp"
#include "launchers/common/settings.hpp"
#include "launchers/local/spawn.hpp"
#include "launchers/mpi/crew.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::mpi {
namespace {

using config::Launched;
using config::LaunchRequest;
using launcher::Answer;

// Open MPI takes a second to end its processes; killed, it leaves them.
constexpr Duration kLeastGrace = seconds(3);

// -- start

bool is_open_mpi(const std::string& command) {
  const auto done = run_to_end({command, "--version"}, "", seconds(10));
  return done && (done->output + done->errors).find("Open MPI") != std::string::npos;
}

/// The request for mpiexec, as a process of this machine, and for what it starts.
Result<LaunchRequest> for_mpiexec(const LaunchRequest& request, const std::string& name) {
  if (request.role == "controller")
    return Error{Code::bad_profile, "controller.launcher: mpi starts engines only",
                 "local, ssh or a batch system starts the controller"};
  std::string command = launcher::text_of(request.settings, "command");
  if (command.empty()) command = "mpiexec";
  std::vector<std::string> words;
  for (auto& word : split(command, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  LaunchRequest other = request;
  IPC_TRY_ASSIGN(other.program, launcher::find_command(words[0]));
  IPC_TRY_ASSIGN(const std::string env, launcher::find_command("env"));
  words.erase(words.begin());
  for (auto& option : launcher::list_of(request.settings, "options"))
    words.push_back(std::move(option));
  words.insert(words.end(), {"-n", std::to_string(request.count)});
  // The others take all variables along to other machines.
  if (!request.environment.empty() && is_open_mpi(other.program))
    for (const auto& variable : request.environment)
      words.insert(words.end(), {"-x", variable.first});
  words.insert(words.end(), {env, std::string(kMark) + "=" + name, request.program, "--mpi"});
  words.insert(words.end(), request.arguments.begin(), request.arguments.end());
  other.arguments = std::move(words);
  other.count = 1;
  return other;
}

Answer start(const LaunchRequest& request) {
  const std::string name = "mpi-" + random_hex(4);
  IPC_TRY_ASSIGN(const auto other, for_mpiexec(request, name));
  IPC_TRY_ASSIGN(auto record, local::Record::open(request.record));
  IPC_TRY_ASSIGN(const auto entries,
                 local::spawn_all(other, record, name + ":" + std::to_string(request.count)));
  return Crew(entries[0]).processes();
}

Result<std::string> preview(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const auto other, for_mpiexec(request, "mpi-00000000"));
  return config::to_yaml(other);
}

// -- status, signal, stop

/// What of the record a request means. Code::usage if it means some processes of a crew only.
Result<std::vector<Crew>> select(const local::Record& record, const LaunchRequest& request) {
  LaunchRequest all;
  all.role = request.role;
  IPC_TRY_ASSIGN(const auto entries, record.select(all));
  std::vector<Crew> crews;
  for (const auto& entry : entries) {
    Crew crew(entry);
    const auto processes = crew.processes();
    const auto is_meant = [&](const Launched& process) {
      return std::find(request.ids.begin(), request.ids.end(), process.id) != request.ids.end();
    };
    const auto meant = std::count_if(processes.begin(), processes.end(), is_meant);
    if (!request.ids.empty() && meant == 0) continue;
    if (meant > 0 && meant < static_cast<long>(processes.size())) {
      const auto other = std::find_if_not(processes.begin(), processes.end(), is_meant);
      return Error{Code::usage, other->id + " is in the same MPI program and would end too",
                   "name all of them, or none"};
    }
    crews.push_back(std::move(crew));
  }
  return crews;
}

Answer processes_of(const std::vector<Crew>& crews) {
  std::vector<Launched> processes;
  for (const auto& crew : crews)
    for (auto& process : crew.processes()) processes.push_back(std::move(process));
  return processes;
}

Answer status(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const auto record, local::Record::open(request.record));
  LaunchRequest all = request;
  all.ids.clear();
  IPC_TRY_ASSIGN(const auto crews, select(record, all));
  IPC_TRY_ASSIGN(auto processes, processes_of(crews));
  const auto& ids = request.ids;
  std::erase_if(processes, [&](const Launched& process) {
    return !ids.empty() && std::find(ids.begin(), ids.end(), process.id) == ids.end();
  });
  return processes;
}

Answer signal(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const auto record, local::Record::open(request.record));
  IPC_TRY_ASSIGN(const auto crews, select(record, request));
  for (const auto& crew : crews) crew.signal_all(request.signal);
  return processes_of(crews);
}

/// mpiexec is asked, and ends the processes. What is left of them on this machine after the time of
/// grace is killed.
Answer stop(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(auto record, local::Record::open(request.record));
  IPC_TRY_ASSIGN(const auto crews, select(record, request));
  for (const auto& crew : crews) crew.signal_mpiexec(SIGTERM);
  const auto grace = std::max<Duration>(
      kLeastGrace,
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(request.grace)));
  const TimePoint end = Clock::now() + grace;
  for (const auto& crew : crews) crew.wait_for_end(end);
  for (const auto& crew : crews) crew.signal_mpiexec(SIGKILL);
  for (const auto& crew : crews) crew.signal_all(SIGKILL);
  for (const auto& crew : crews) crew.wait_for_end(Clock::now() + seconds(5));
  IPC_TRY_ASSIGN(auto processes, processes_of(crews));
  IPC_TRY(record.remove_if_over());
  return processes;
}

launcher::Program program() {
  return {"mpi",
          "engines as the processes of one MPI program",
          {{"start", start}, {"status", status}, {"signal", signal}, {"stop", stop}},
          {"role", "record", "ids", "count", "program", "arguments", "directory", "environment",
           "log", "settings", "signal", "grace"},
          {"command", "options"},
          preview};
}

}  // namespace
}  // namespace ipc::mpi

int main(int argc, char** argv) {
  return ipc::launcher::run(ipc::mpi::program(), argc, argv);
}
