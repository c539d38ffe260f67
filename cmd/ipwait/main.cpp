// SPDX-License-Identifier: BSD-3-Clause
// ipwait: wait for jobs, or for engines.
#include <unistd.h>

#include <set>

#include "cmd/ipwait/goal.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/client/jobs.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;
using ipc::client::Outcome;

Command command() {
  Command c;
  c.name = "ipwait";
  c.synopsis = {"[-pq] [--any] [--timeout TIME] JOB...", "-n N [--timeout TIME]"};
  c.summary =
      "Waits until all JOBs have ended and prints nothing. Exit status: 0 if all went well, 1 if "
      "one\n"
      "failed, 66 if there is no such job, 124 after TIME (the jobs go on). JOB - reads words "
      "from\n"
      "standard input.";
  c.examples = {
      {"j=$(ipexec -a 'train()'); ipwait --timeout 1h $j", ""},
      {"ipwait -p $j | while read job engine status; do …; done", "each as it ends"},
      {"ipwait --any -p $j", "the first that ends"},
      {"ipwait --timeout 0 $j", "has it ended?"},
      {"ipwait -n 8 --timeout 60", "until 8 engines are there"},
      {"ipwait -n 80%", "most of those that ipcluster was asked for"},
  };
  c.options = {
      {'n', "engines", "N", "wait for N engines instead of jobs: 8, 80%, 'engines>=80%'"},
      {'t', "targets", "", ""},  // in the table so that it can be answered
      {0, "any", "", "only until the first of the jobs has ended; its status counts"},
      {0, "all", "", "until all have ended: the default"},
      {'p', "print", "", "print JOB, ENGINE and STATUS of each job as it ends"},
  };
  c.common = kCluster | kTimeout;
  return c;
}

std::string engine_of(Connection& connection, const std::string& id) {
  const auto result = ipc::client::job_result(connection, id);
  const auto table = connection.engines();
  const int engine = result && table ? ipc::client::engine_of(**table, result->record) : -1;
  return engine < 0 ? "-" : std::to_string(engine);
}

const char* word_of(Outcome outcome) {
  return outcome == Outcome::ok ? "ok" : outcome == Outcome::aborted ? "aborted" : "error";
}

ipc::Result<int> wait_for_words(Connection& connection, const Arguments& arguments,
                                const std::vector<std::string>& ids, ipc::TimePoint deadline) {
  Writer out(STDOUT_FILENO);
  size_t ended = 0, failed = 0;
  Meter meter(connection.loop(), ids.size(), false, arguments.has("quiet"));
  const auto on_end = [&](const std::string& id, Outcome outcome) {
    const std::string job = job_word(id);
    if (outcome != Outcome::ok) ++failed;
    meter.count(++ended, failed);
    if (arguments.has("print")) {
      const std::string engine = engine_of(connection, id);
      meter.clear();
      out.write(job + " " + engine + " " + word_of(outcome) + "\n");
      out.flush();
    } else if (outcome != Outcome::ok && !arguments.has("quiet")) {
      meter.clear();
      complain(job + (outcome == Outcome::aborted ? " was cancelled" : " failed"));
    }
  };
  if (arguments.has("any")) {
    IPC_TRY_ASSIGN(const auto first, wait_for_any_job(connection, ids, deadline));
    on_end(first.id, first.outcome);
  } else {
    IPC_TRY(wait_for_all_jobs(connection, ids, on_end, deadline));
  }
  IPC_TRY(out.status());
  return failed > 0 ? 1 : 0;
}

ipc::Result<int> wait_for_goal(Connection& connection, int count, bool quiet,
                               ipc::TimePoint deadline) {
  Meter meter(connection.loop(), static_cast<size_t>(count), false, quiet);
  std::function<void(int)> on_count;
  if (meter.enabled()) on_count = [&](int there) { meter.count(static_cast<size_t>(there)); };
  IPC_TRY(wait_for_engines(connection, count, deadline, on_count));
  return 0;
}

ipc::Status check(const Arguments& arguments) {
  using ipc::Code;
  using ipc::Error;
  if (arguments.has("targets"))
    return Error{Code::usage, "-t is for targets, and there are none here",
                 "a limit is --timeout TIME"};
  if (arguments.has("any") && arguments.has("all"))
    return Error{Code::usage, "--any does not go with --all", "leave one out"};
  if (!arguments.has("engines")) return {};
  if (!arguments.operands.empty())
    return Error{Code::usage, "-n waits for engines and takes no jobs",
                 "ipwait -n " + arguments.get_or("engines", "") + " && ipwait JOB"};
  for (const char* const option : {"any", "print"})
    if (arguments.has(option))
      return Error{Code::usage, "--" + std::string(option) + " is for jobs, -n waits for engines",
                   "leave one out"};
  return {};
}

// Each once, in their order.
ipc::Result<std::vector<std::string>> jobs_of(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto words, parse_jobs(arguments.operands));
  std::vector<std::string> ids;
  std::set<std::string> known;
  for (const auto& id : words)
    if (known.insert(id).second) ids.push_back(id);
  return ids;
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY(check(arguments));
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  ipc::wait::Goal goal;
  std::vector<std::string> ids;
  const auto wanted = arguments.get("engines");
  if (wanted) {
    IPC_TRY_ASSIGN(goal, ipc::wait::parse_goal(*wanted));
  } else {
    IPC_TRY_ASSIGN(ids, jobs_of(arguments));
    if (ids.empty()) return 0;
  }
  IPC_TRY_ASSIGN(const auto options, connection_options(arguments));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  if (!wanted) return wait_for_words(*connection, arguments, ids, deadline);
  int asked = 0;
  if (goal.percent) {
    IPC_TRY_ASSIGN(asked, ipc::wait::engines_asked_for(options.path));
  }
  return wait_for_goal(*connection, engines_for(goal, asked), arguments.has("quiet"), deadline);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
