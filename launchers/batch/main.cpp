// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-{slurm,pbs,sge,lsf,condor,batch}: the launcher for batch systems; its name says for
// which. The contract is launchers/README.md.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "launchers/batch/commands.hpp"
#include "launchers/common/program.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

using config::Launched;
using config::LaunchRequest;
using launcher::Answer;

/// The name of the system, from that of the program.
std::string kind_of(const char* program) {
  const std::string name = std::filesystem::path(program).filename();
  return name.substr(name.rfind('-') + 1);
}

/// Of what ended by itself without a word where its words should be: the usual reason.
std::string no_log(const std::string& log, const TaskState& state) {
  const auto parent = std::filesystem::path(log).parent_path();
  const bool was_ended = state.why.find("CANCEL") != std::string::npos ||
                         state.why.find("REMOVED") != std::string::npos;
  if (state.state != "ended" || was_ended || ::access(log.c_str(), F_OK) == 0) return "";
  return "; it wrote no log: do the nodes see " + config::display_path(parent) + "?";
}

void add_processes(const Submitted& entry, const JobStates& states,
                   std::vector<Launched>& processes) {
  for (int task = 1; task <= entry.job.tasks(); ++task) {
    const TaskState state = state_of(entry, states, task);
    for (int slot = 1; slot <= entry.job.slots_of(task); ++slot) {
      Launched process;
      process.id = entry.job.id(task, slot);
      process.role = entry.job.role;
      process.host = state.host;
      process.log = entry.job.log_of(task);
      process.state = state.state;
      process.why = state.why;
      if (!entry.is_over && !entry.number.empty()) process.why += no_log(process.log, state);
      processes.push_back(std::move(process));
    }
  }
}

// -- start

struct Prepared {
  System system;
  Settings settings;
  std::vector<Job> jobs;
};

Result<Prepared> prepare(const std::string& kind, const LaunchRequest& request) {
  Prepared prepared;
  prepared.settings = launcher::settings_for(request.role, request.settings);
  if (kind == "pbs" && text_of(prepared.settings, "flavour").empty())
    prepared.settings["flavour"].text = pbs_flavour();
  IPC_TRY_ASSIGN(prepared.system, find_system(kind, prepared.settings));
  const System& system = prepared.system;
  for (const auto& [key, words] :
       {std::pair{"submit", &system.submit}, std::pair{"status", &system.status},
        std::pair{"cancel", &system.cancel}})
    if (words->empty())
      return Error{Code::bad_profile, "batch." + std::string(key) + " is not set",
                   "launcher batch needs submit, status and cancel"};
  IPC_TRY_ASSIGN(prepared.jobs, plan_jobs(prepared.system, request, prepared.settings));
  return prepared;
}

/// Takes back what was submitted of a start that failed.
void withdraw(const Record& record, std::vector<Submitted>& entries) {
  std::vector<Target> targets;
  for (const auto& entry : entries)
    if (!entry.number.empty()) targets.push_back({&entry, {}});
  // What cannot be cancelled stays on record.
  if (!act(Act::cancel, targets)) return;
  for (auto& entry : entries) (void)record.note_over(entry);
}

Status submit_all(const Record& record, const LaunchRequest& request, Prepared& prepared,
                  std::vector<Submitted>& entries) {
  for (auto& job : prepared.jobs) {
    IPC_TRY_ASSIGN(const Script script, render(prepared.system, request, prepared.settings,
                                               record.script_file(job), job));
    entries.push_back({job, "", false, prepared.system});
    IPC_TRY(record.prepare(job, prepared.settings, script));
    IPC_TRY_ASSIGN(entries.back().number, submit(prepared.system, record, job));
  }
  return {};
}

Answer start(const std::string& kind, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Prepared prepared, prepare(kind, request));
  IPC_TRY_ASSIGN(const Record record, Record::open(request.record));
  std::vector<Submitted> entries;
  if (Status done = submit_all(record, request, prepared, entries); !done) {
    withdraw(record, entries);
    if (const auto all = record.load(kind)) (void)record.tidy(*all);
    return done.error();
  }
  std::vector<Launched> processes;
  for (const auto& entry : entries)
    add_processes(entry, {{0, {"pending", kind + " " + entry.number, ""}}}, processes);
  return processes;
}

Result<std::string> preview(const std::string& kind, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Prepared prepared, prepare(kind, request));
  std::string text;
  for (auto& job : prepared.jobs) {
    const std::string path =
        std::filesystem::path(request.record).replace_filename(job.name + ".sh");
    IPC_TRY_ASSIGN(const Script script,
                   render(prepared.system, request, prepared.settings, path, job));
    const auto words = submit_words(
        prepared.system, job,
        prepared.system.describes ? path.substr(0, path.size() - 3) + ".submit" : path);
    text += script.text + script.description + "# submitted by: " + join(words, " ") +
            (prepared.system.on_stdin ? " <" + path : "") + "\n";
  }
  return text;
}

// -- status, signal, stop

/// What of a job the request means.
std::vector<int> wanted_tasks(const Submitted& entry, const LaunchRequest& request) {
  std::vector<int> tasks;
  for (int task = 1; task <= entry.job.tasks(); ++task)
    for (int slot = 1; slot <= entry.job.slots_of(task); ++slot)
      if (std::find(request.ids.begin(), request.ids.end(), entry.job.id(task, slot)) !=
          request.ids.end())
        if (tasks.empty() || tasks.back() != task) tasks.push_back(task);
  return tasks;
}

Answer select(const std::vector<Submitted>& entries, const std::vector<JobStates>& states,
              const LaunchRequest& request) {
  std::vector<Launched> processes;
  for (size_t i = 0; i < entries.size(); ++i)
    if (request.role.empty() || entries[i].job.role == request.role)
      add_processes(entries[i], states[i], processes);
  if (!request.ids.empty())
    std::erase_if(processes, [&](const Launched& process) {
      return std::find(request.ids.begin(), request.ids.end(), process.id) == request.ids.end();
    });
  return processes;
}

bool has_ended(const Submitted& entry, const JobStates& states) {
  for (int task = 1; task <= entry.job.tasks(); ++task)
    if (state_of(entry, states, task).state != "ended") return false;
  return true;
}

/// Asks once about everything on record, and remembers what has ended.
Result<std::vector<JobStates>> look(const Record& record, std::vector<Submitted>& entries,
                                    bool how = false) {
  IPC_TRY_ASSIGN(auto states, query(entries, how));
  for (size_t i = 0; i < entries.size(); ++i)
    if (!entries[i].is_over && has_ended(entries[i], states[i]) && entries[i].number.empty())
      IPC_TRY(record.note_over(entries[i]));
  return states;
}

Answer status(const std::string& kind, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(auto entries, record.load(kind));
  IPC_TRY_ASSIGN(const auto states, look(record, entries, true));
  return select(entries, states, request);
}

/// The jobs and tasks that a request means and that have not ended. Code::usage if one process is
/// meant that shares its task with others.
Result<std::vector<Target>> targets_of(const std::vector<Submitted>& entries,
                                       const std::vector<JobStates>& states,
                                       const LaunchRequest& request) {
  std::vector<Target> targets;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Submitted& entry = entries[i];
    if (entry.is_over || entry.number.empty() || has_ended(entry, states[i])) continue;
    if (!request.role.empty() && entry.job.role != request.role) continue;
    if (request.ids.empty()) {
      targets.push_back({&entry, {}});
      continue;
    }
    std::vector<int> tasks = wanted_tasks(entry, request);
    std::erase_if(tasks,
                  [&](int task) { return state_of(entry, states[i], task).state == "ended"; });
    if (tasks.empty()) continue;
    for (const int task : tasks)
      for (int slot = 1; slot <= entry.job.slots_of(task); ++slot)
        if (const std::string id = entry.job.id(task, slot);
            std::find(request.ids.begin(), request.ids.end(), id) == request.ids.end())
          return Error{Code::usage, id + " is in the same job and would end too",
                       "name all of them, or none"};
    if (!entry.job.is_array) tasks.clear();
    targets.push_back({&entry, std::move(tasks)});
  }
  return targets;
}

Answer signal(const std::string& kind, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(auto entries, record.load(kind));
  IPC_TRY_ASSIGN(const auto states, look(record, entries));
  IPC_TRY_ASSIGN(const auto targets, targets_of(entries, states, request));
  IPC_TRY(act(Act::signal, targets, request.signal));
  return select(entries, states, request);
}

/// Until nothing of what the request means is left, or the time is over.
Result<std::vector<Target>> wait_for_end(const Record& record, std::vector<Submitted>& entries,
                                         std::vector<JobStates>& states,
                                         const LaunchRequest& request, Duration limit) {
  const TimePoint end = Clock::now() + limit;
  for (Duration pause = milliseconds(100);; pause = std::min<Duration>(pause * 2, seconds(2))) {
    IPC_TRY_ASSIGN(states, look(record, entries));
    IPC_TRY_ASSIGN(auto left, targets_of(entries, states, request));
    const auto rest = end - Clock::now();
    if (left.empty() || rest <= Duration(0)) return left;
    ::usleep(static_cast<useconds_t>(
        std::chrono::duration_cast<microseconds>(std::min<Duration>(pause, rest)).count()));
  }
}

Answer stop(const std::string& kind, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(auto entries, record.load(kind));
  IPC_TRY_ASSIGN(auto states, look(record, entries));
  IPC_TRY_ASSIGN(const auto targets, targets_of(entries, states, request));
  IPC_TRY(act(Act::cancel, targets));
  // A system looks at its jobs once a second or less often.
  const auto grace =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(request.grace)) +
      seconds(2);
  IPC_TRY_ASSIGN(const auto left, wait_for_end(record, entries, states, request, grace));
  if (!left.empty()) {
    const auto& system = left[0].entry->system;
    IPC_TRY(act(system.kill.empty() ? Act::cancel : Act::kill, left));
    const Duration patience = seconds(system.strike.empty() ? 10 : 5);
    IPC_TRY_ASSIGN(const auto listed, wait_for_end(record, entries, states, request, patience));
    if (!listed.empty() && !system.strike.empty()) {
      IPC_TRY(act(Act::strike, listed));
      IPC_TRY(wait_for_end(record, entries, states, request, seconds(5)));
    }
  }
  auto processes = select(entries, states, request);
  for (size_t i = 0; i < entries.size(); ++i)
    if (!entries[i].is_over && has_ended(entries[i], states[i]))
      IPC_TRY(record.note_over(entries[i]));
  IPC_TRY(record.tidy(entries));
  return processes;
}

launcher::Verb verb(std::string_view name, const std::string& kind,
                    Answer (*act)(const std::string&, const LaunchRequest&)) {
  return {name, [kind, act](const LaunchRequest& request) { return act(kind, request); }};
}

launcher::Program program(const std::string& kind) {
  const auto system = find_system(kind, {});
  return {kind,
          system ? system->summary : system.error().what,
          {verb("start", kind, start), verb("status", kind, status), verb("signal", kind, signal),
           verb("stop", kind, stop)},
          {"role", "record", "ids", "count", "program", "arguments", "directory", "environment",
           "log", "profile_dir", "cluster_id", "settings", "signal", "grace"},
          {},
          [kind](const LaunchRequest& request) { return preview(kind, request); }};
}

}  // namespace
}  // namespace ipc::batch

int main(int argc, char** argv) {
  return ipc::launcher::run(ipc::batch::program(ipc::batch::kind_of(argv[0])), argc, argv);
}
