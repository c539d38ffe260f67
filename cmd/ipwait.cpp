// SPDX-License-Identifier: BSD-3-Clause
// ipwait: wait for jobs, or for engines.
#include <unistd.h>

#include <set>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/client/jobs.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;
using ipc::client::Outcome;

Command command() {
  Command c;
  c.name = "ipwait";
  c.synopsis = {"[-pq] [--timeout TIME] JOB...", "-n N [--timeout TIME]"};
  c.summary =
      "Waits until all JOBs have ended and prints nothing. Exit status: 0 if all went well, 1 if "
      "one\n"
      "failed, 66 if there is no such job, 124 after TIME (the jobs go on). JOB - reads words "
      "from\n"
      "standard input.";
  c.examples = {
      {"j=$(ipexec -a 'train()'); ipwait --timeout 1h $j", ""},
      {"ipwait -p $j | while read job engine status; do …; done", "each as it ends"},
      {"ipwait -n 8 --timeout 60", "until 8 engines are there"},
  };
  c.options = {
      {'n', "engines", "N", "wait for N engines instead of jobs"},
      {'t', "targets", "", ""},  // in the table so that it can be answered
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
                                std::vector<std::string> ids, ipc::TimePoint deadline) {
  const std::set<std::string> distinct(ids.begin(), ids.end());
  ids.assign(distinct.begin(), distinct.end());
  Writer out(STDOUT_FILENO);
  int failed = 0;
  const auto on_end = [&](const std::string& id, Outcome outcome) {
    const std::string job = job_word(id);
    if (outcome != Outcome::ok) ++failed;
    if (arguments.has("print")) {
      out.write(job + " " + engine_of(connection, id) + " " + word_of(outcome) + "\n");
      out.flush();
    } else if (outcome != Outcome::ok && !arguments.has("quiet")) {
      complain(job + (outcome == Outcome::aborted ? " was cancelled" : " failed"));
    }
  };
  IPC_TRY(wait_for_all_jobs(connection, ids, on_end, deadline));
  IPC_TRY(out.status());
  return failed > 0 ? 1 : 0;
}

ipc::Result<int> body(const Arguments& arguments) {
  if (arguments.has("targets"))
    return ipc::Error{ipc::Code::usage, "-t is for targets, and there are none here",
                      "a limit is --timeout TIME"};
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  IPC_TRY_ASSIGN(const long count, arguments.number("engines", 0, 0, 1000000));
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  const bool for_engines = arguments.has("engines");
  if (for_engines && !arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "-n waits for engines and takes no jobs",
                      "ipwait -n " + std::to_string(count) + " && ipwait JOB"};
  std::vector<std::string> ids;
  if (!for_engines) {
    IPC_TRY_ASSIGN(ids, parse_jobs(arguments.operands));
    if (ids.empty()) return 0;
  }
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  if (!for_engines) return wait_for_words(*connection, arguments, std::move(ids), deadline);
  IPC_TRY(wait_for_engines(*connection, static_cast<int>(count), deadline));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
