// SPDX-License-Identifier: BSD-3-Clause
// ipcancel: withdraw jobs, interrupt them, signal engines, end everything.
#include <csignal>
#include <cstring>

#include "libipc/cli/control.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/client/cancel.hpp"
#include "libipc/client/jobs.hpp"

namespace {

using namespace ipc::cli;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::Connection;
using ipc::client::Fate;

// How long a controller that said it will end may take.
constexpr auto kLeaving = ipc::seconds(5);

Command command() {
  Command c;
  c.name = "ipcancel";
  c.synopsis = {"[-v] JOB...", "[-v] -t SET | --all", "-s SIG -t SET",
                "--shutdown [-t SET | --hub]"};
  c.summary =
      "Withdraws JOBs that wait and interrupts those that run; prints nothing. One that has ended\n"
      "is no failure; one that does not exist is status 66. JOB - reads words from standard input.";
  c.examples = {
      {"j=$(ipexec -a 'train()'); ipwait --timeout 1h $j || ipcancel $j", ""},
      {"ipcancel -t 3", "all that engine 3 has to do, whoever asked for it"},
      {"ipcancel -s KILL -t 3", "its kernel does not listen to interrupts"},
      {"ipcancel --shutdown --hub", "engines and controller: the cluster is gone"},
  };
  c.options = {
      {0, "all", "", "every job there is, those that wait for an engine too"},
      {'s', "signal", "SIG",
       "send this signal to what runs on the engines of -t; withdraw nothing"},
      {0, "shutdown", "", "end the engines (of -t; default all)"},
      {0, "hub", "", "with --shutdown: all engines and then the controller"},
  };
  c.common = kCluster | kTargets | kTimeout;
  return c;
}

Error usage(const std::string& what, const std::string& hint) {
  return {Code::usage, what, hint};
}

bool chooses_engines(const Arguments& arguments) {
  return arguments.has("targets") || arguments.has("exclude");
}

// One of several ways to say what is meant, and what does not go together.
ipc::Status check(const Arguments& arguments) {
  const bool jobs = !arguments.operands.empty(), engines = chooses_engines(arguments);
  if (arguments.has("hub") && !arguments.has("shutdown"))
    return usage("--hub ends the controller, and goes with --shutdown",
                 "ipcancel --shutdown --hub");
  if (arguments.has("hub") && engines)
    return usage("--hub ends everything, -t some engines", "give one of them");
  if (arguments.has("all") && (jobs || engines))
    return usage("--all is every job there is", "give no JOB and no -t beside it");
  if (jobs && engines)
    return usage("JOBs say by themselves where they are", "give JOBs, or -t SET without any");
  if (arguments.has("shutdown") && (jobs || arguments.has("all") || arguments.has("signal")))
    return usage("--shutdown ends engines, not jobs", "give --shutdown alone or with -t SET");
  return {};
}

// A number or name ("INT", "SIGINT") as the engines take it.
Result<int> signal_number(const std::string& text) {
  const std::string name = text.starts_with("SIG") ? text.substr(3) : text;
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && (name == known || name == std::to_string(number))) return number;
  }
  return usage("-s: '" + text + "' is no signal", "write INT, TERM, KILL, USR1 …; see kill -l");
}

void tell(const std::string& id, Fate fate) {
  switch (fate) {
    case Fate::unknown:
      break;  // the error says it
    case Fate::ended:
      return complain(job_word(id) + " had ended");
    case Fate::withdrawn:
      return complain(job_word(id) + " withdrawn");
    case Fate::interrupted:
      return complain(job_word(id) + " interrupted");
    case Fate::noted:
      return complain(job_word(id) + ": its engine was told");
  }
}

Result<int> cancel(Connection& connection, const Arguments& arguments,
                   const std::vector<std::string>& ids, ipc::TimePoint deadline) {
  if (ids.empty()) return 0;
  IPC_TRY_ASSIGN(const auto fates, cancel_jobs(connection, ids, deadline));
  std::vector<std::string> unknown;
  for (const auto& [id, fate] : fates) {
    if (fate == Fate::unknown) unknown.push_back(id);
    if (arguments.has("verbose")) tell(id, fate);
  }
  if (unknown.empty()) return 0;
  return ipc::client::no_such_job(unknown);
}

Result<int> signal_engines(Connection& connection, const Arguments& arguments, int number) {
  IPC_TRY_ASSIGN(const auto engines, choose_engines(connection, arguments));
  const std::string content = R"({"sig":)" + std::to_string(number) + "}";
  IPC_TRY_ASSIGN(const auto failures,
                 control_each(connection, arguments, engines,
                              {"signal_request", content, "", "did not answer"}));
  return report_failures(arguments, failures);
}

// The controller has said yes; whoever starts another one needs it gone.
ipc::Status await_end(Connection& connection) {
  const std::string name = connection.controller();
  const auto waited = connection.wait([] { return false; }, ipc::Clock::now() + kLeaving);
  if (connection.interrupted()) return waited;
  // However its end looks from here.
  if (waited || waited.error().code != Code::timed_out) return {};
  return Error{Code::timed_out, name + " said it would end and is still there", "kill it"};
}

Result<int> shut_down(Connection& connection, const Arguments& arguments) {
  const bool hub = arguments.has("hub");
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection.engines());
  std::vector<int> engines = table->ids();
  if (!hub) {
    IPC_TRY_ASSIGN(engines, choose_engines(connection, arguments));
  }
  const auto failures = control_each(connection, arguments, engines,
                                     {"shutdown_request", R"({"restart":false})", "", "not ended"});
  // An engine that is stuck does not keep the controller.
  if (!failures && !(hub && failures.error().code == Code::timed_out)) return failures.error();
  const int status = failures ? report_failures(arguments, *failures) : 0;
  if (hub) {
    connection.expect_end();
    IPC_TRY(connection.ask_and_wait("shutdown_request", "{}"));
    IPC_TRY(await_end(connection));
  }
  if (!failures) return failures.error();
  return status;
}

Result<int> body(const Arguments& arguments) {
  IPC_TRY(check(arguments));
  const bool engines = chooses_engines(arguments), all = arguments.has("all");
  int signal = 0;
  if (const auto text = arguments.get("signal")) {
    IPC_TRY_ASSIGN(signal, signal_number(*text));
    if (!engines && (all || signal != SIGINT))
      return usage("-s sends SIG" + std::string(::sigabbrev_np(signal)) +
                       " to whatever runs on an engine, and not to one job",
                   "say on which engines: ipcancel -s " + *text + " -t SET");
  }
  std::vector<std::string> ids;
  if (!engines && !all && !arguments.has("shutdown")) {
    IPC_TRY_ASSIGN(ids, parse_jobs(arguments.operands));
    if (ids.empty()) return 0;
  }
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  if (arguments.has("shutdown")) return shut_down(*connection, arguments);
  if (signal != 0 && engines) return signal_engines(*connection, arguments, signal);
  if (all) {
    IPC_TRY_ASSIGN(ids, open_jobs(*connection, std::nullopt, deadline));
  } else if (engines) {
    IPC_TRY_ASSIGN(const auto chosen, choose_engines(*connection, arguments));
    IPC_TRY_ASSIGN(ids, open_jobs(*connection, chosen, deadline));
  }
  return cancel(*connection, arguments, ids, deadline);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
