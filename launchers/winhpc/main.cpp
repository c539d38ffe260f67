// SPDX-License-Identifier: BSD-3-Clause
// ipkit-launch-winhpc: the launcher for Microsoft's HPC Pack. The contract is launchers/README.md.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "launchers/common/program.hpp"
#include "launchers/winhpc/scheduler.hpp"
#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

using config::Launched;
using config::LaunchRequest;
using launcher::Answer;

Launched process_of(const Submitted& entry, int task, const JobState& state) {
  Launched process;
  process.id = entry.job.id(task);
  process.role = entry.job.role;
  process.log = entry.job.log_of(task);
  process.state = entry.is_gone(task) ? "ended" : state.state;
  process.why = entry.is_gone(task) && !entry.is_over
                    ? "winhpc " + entry.number + "." + std::to_string(task) + " Canceled"
                    : state.why;
  return process;
}

// -- start

struct Prepared {
  Submitted entry;
  std::string xml;
  std::unique_ptr<Scheduler> scheduler;
};

Result<Prepared> prepare(const LaunchRequest& request) {
  const Settings settings = launcher::settings_for(request.role, request.settings);
  Prepared prepared;
  prepared.entry.job = plan_job(request);
  IPC_TRY_ASSIGN(prepared.entry.site, read_site(settings, request.profile_dir));
  IPC_TRY_ASSIGN(prepared.xml, render(prepared.entry.job, request, settings));
  prepared.scheduler = scheduler_for(prepared.entry.site);
  return prepared;
}

Answer start(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Prepared prepared, prepare(request));
  Submitted& entry = prepared.entry;
  IPC_TRY_ASSIGN(const Record record, Record::open(request.record));
  if (Status ready = record.prepare(entry, prepared.xml); !ready) {
    if (const auto all = record.load()) (void)record.tidy(*all);
    return ready.error();
  }
  if (Status done = prepared.scheduler->submit(record, entry, prepared.xml); !done) {
    // A command that failed, or took too long, may have submitted all the same. What cannot be
    // cancelled stays on record.
    if (entry.number.empty()) entry.number = record.answered(entry.job);
    if (entry.number.empty() || prepared.scheduler->cancel({entry.number, 0}, true))
      (void)record.note_over(entry);
    if (const auto all = record.load()) (void)record.tidy(*all);
    return done.error();
  }
  std::vector<Launched> processes;
  for (int task = 1; task <= entry.job.tasks; ++task)
    processes.push_back(process_of(entry, task, {"pending", "winhpc " + entry.number}));
  return processes;
}

Result<std::string> preview(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Prepared prepared, prepare(request));
  const auto file =
      std::filesystem::path(request.record).replace_filename(prepared.entry.job.name + ".xml");
  std::string way = prepared.scheduler->way(file);
  // Two of them cannot stand in a comment.
  for (size_t at = 0; (at = way.find("--", at)) != std::string::npos;) way.insert(at + 1, " ");
  return prepared.xml + "<!-- submitted by: " + way + " -->\n";
}

// -- status, stop

/// An entry with how it fares.
struct Known {
  Submitted* entry;
  Scheduler* scheduler;
  JobState state;

  bool ended() const { return entry->is_over || state.state == "ended"; }
};

/// What a call works on: the record, and a connection for each site on it.
class Session {
 public:
  static Result<Session> open(const LaunchRequest& request) {
    IPC_TRY_ASSIGN(Record record, Record::open(request.record));
    Session session(std::move(record));
    IPC_TRY_ASSIGN(session.entries_, session.record_.load());
    return session;
  }

  /// Asks once about each job that is not over.
  Result<std::vector<Known>> look() {
    std::vector<Known> all;
    for (auto& entry : entries_) {
      Known known{&entry, nullptr, {"ended", "was not submitted"}};
      if (!entry.number.empty()) known.state.why = "winhpc " + entry.number + " ended";
      if (!entry.is_over && !entry.number.empty()) {
        auto& scheduler = schedulers_[fields_of(entry.site)];
        if (!scheduler) scheduler = scheduler_for(entry.site);
        known.scheduler = scheduler.get();
        IPC_TRY_ASSIGN(known.state, known.scheduler->ask({entry.number, 0}));
      }
      all.push_back(std::move(known));
    }
    return all;
  }

  const Record& record() const { return record_; }
  const std::vector<Submitted>& entries() const { return entries_; }

 private:
  explicit Session(Record record) : record_(std::move(record)) {}

  Record record_;
  std::vector<Submitted> entries_;
  /// One for each site, kept as its connection is.
  std::map<std::map<std::string, std::string>, std::unique_ptr<Scheduler>> schedulers_;
};

bool is_meant(const Submitted& entry, int task, const LaunchRequest& request) {
  const auto& ids = request.ids;
  return (request.role.empty() || entry.job.role == request.role) &&
         (ids.empty() || std::find(ids.begin(), ids.end(), entry.job.id(task)) != ids.end());
}

std::vector<Launched> select(const std::vector<Known>& all, const LaunchRequest& request) {
  std::vector<Launched> processes;
  for (const auto& known : all)
    for (int task = 1; task <= known.entry->job.tasks; ++task)
      if (is_meant(*known.entry, task, request))
        processes.push_back(process_of(*known.entry, task, known.state));
  return processes;
}

Answer status(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Session session, Session::open(request));
  IPC_TRY_ASSIGN(const auto all, session.look());
  return select(all, request);
}

/// A job or a task that is to end.
struct Doomed {
  Submitted* entry;
  Scheduler* scheduler;
  Target target;
  std::optional<Error> error;  ///< of the last attempt: it may have ended by itself meanwhile
};

std::vector<Doomed> doomed_of(const std::vector<Known>& all, const LaunchRequest& request) {
  std::vector<Doomed> doomed;
  for (const auto& known : all) {
    if (known.ended()) continue;
    std::vector<int> tasks;
    int left = 0;
    for (int task = 1; task <= known.entry->job.tasks; ++task) {
      if (known.entry->is_gone(task)) continue;
      ++left;
      if (is_meant(*known.entry, task, request)) tasks.push_back(task);
    }
    const std::string& number = known.entry->number;
    if (static_cast<int>(tasks.size()) == left && (left > 0 || request.ids.empty()))
      doomed.push_back({known.entry, known.scheduler, {number, 0}, std::nullopt});
    else
      for (const int task : tasks)
        doomed.push_back({known.entry, known.scheduler, {number, task}, std::nullopt});
  }
  return doomed;
}

void cancel(std::vector<Doomed>& doomed, bool force) {
  for (auto& one : doomed) {
    const Status cancelled = one.scheduler->cancel(one.target, force);
    one.error = cancelled ? std::nullopt : std::optional(cancelled.error());
  }
}

/// Notes what has ended and takes it off the list, until nothing is left or the time is over.
Status await_end(const Record& record, std::vector<Doomed>& doomed, double grace) {
  const TimePoint end =
      Clock::now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(grace));
  for (Duration pause = milliseconds(50);; pause = std::min<Duration>(pause * 2, seconds(2))) {
    std::vector<Doomed> left;
    for (auto& one : doomed) {
      IPC_TRY_ASSIGN(const JobState state, one.scheduler->ask(one.target));
      // What ends already may not be cancelled once more.
      if (state.is_ending) one.error.reset();
      if (state.state != "ended")
        left.push_back(std::move(one));
      else if (one.target.task)
        IPC_TRY(record.note_gone(*one.entry, one.target.task));
      else
        IPC_TRY(record.note_over(*one.entry));
    }
    doomed = std::move(left);
    const auto rest = end - Clock::now();
    if (doomed.empty() || rest <= Duration(0)) return {};
    // What HPC Pack refused to end will not end by waiting.
    if (std::all_of(doomed.begin(), doomed.end(), [](const Doomed& d) { return d.error; }))
      return {};
    ::usleep(static_cast<useconds_t>(
        std::chrono::duration_cast<microseconds>(std::min<Duration>(pause, rest)).count()));
  }
}

Answer stop(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Session session, Session::open(request));
  IPC_TRY_ASSIGN(auto all, session.look());
  for (auto& known : all)
    if (known.ended() && !known.entry->is_over) IPC_TRY(session.record().note_over(*known.entry));
  auto doomed = doomed_of(all, request);
  cancel(doomed, false);
  IPC_TRY(await_end(session.record(), doomed, request.grace));
  cancel(doomed, true);
  // HPC Pack looks after its nodes every few seconds.
  IPC_TRY(await_end(session.record(), doomed, 20));
  for (const auto& one : doomed)
    if (one.error) return *one.error;
  for (auto& known : all)
    if (known.entry->is_over && known.state.state != "ended")
      known.state = {"ended", "winhpc " + known.entry->number + " Canceled"};
  auto processes = select(all, request);
  IPC_TRY(session.record().tidy(session.entries()));
  return processes;
}

launcher::Program program() {
  return {"winhpc",
          "jobs of Microsoft's HPC Pack",
          {{"start", start}, {"status", status}, {"stop", stop}},
          {"role", "record", "ids", "count", "program", "arguments", "directory", "environment",
           "log", "profile_dir", "cluster_id", "settings", "grace"},
          {"scheduler", "command", "url", "api_version", "user", "password_file", "auth", "ca_file",
           "unit", "amount", "node_groups", "profile_dir", "directory", "bin"},
          preview};
}

}  // namespace
}  // namespace ipc::winhpc

int main(int argc, char** argv) {
  return ipc::launcher::run(ipc::winhpc::program(), argc, argv);
}
