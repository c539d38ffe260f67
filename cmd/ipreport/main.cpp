// SPDX-License-Identifier: BSD-3-Clause
// ipreport: what a run did with its time, as one page.
#include <unistd.h>

#include "cmd/ipreport/data.hpp"
#include "cmd/ipreport/page.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/job_selection.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/client/history.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/file.hpp"

namespace {

using namespace ipc::cli;
using namespace ipreport;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::Connection;

Command command() {
  Command c;
  c.name = "ipreport";
  c.synopsis = {
      "-o FILE.html [SELECTION] [JOB]...",
      "--svg | --csv | --json  [-o FILE] [the same]",
  };
  c.summary =
      "Makes a page of the jobs the controller has records of: engines over time, load, the "
      "graph,\n"
      "how long tasks ran and waited, the slowest, what failed. The page needs nothing else.";
  c.examples = {
      {"ipreport -o run.html", "of everything there is"},
      {"ipreport --since 1h -o run.html", "of the last hour"},
      {"ipreport --where 'label~fit*' --svg > fit.svg", "drawings only"},
      {"ipreport --json | jq .utilisation", "how busy the engines were, 0 to 1"},
      {"ipreport --csv --failed > failed.csv", "one line for each job"},
  };
  c.options = {
      {'o', "output", "FILE", "where to; default: standard output, if that is no terminal"},
      {0, "svg", "", "the drawings as one SVG"},
      {0, "csv", "", "a line for each job, the first their names"},
      {0, "where", "CONDITION", "only these, as in iphistory(1)", true},
      {0, "failed", "", "as --where status=error"},
      {0, "since", "TIME", "submitted since: 2026-11-01, 14:30, or 30m, 2h, 1d ago"},
      {0, "until", "TIME", "submitted before"},
      {'n', "newest", "N", "only the N newest of them"},
  };
  c.common = kCluster | kJson;
  c.permute = true;
  return c;
}

ipc::Status check(const Arguments& arguments) {
  int forms = 0;
  for (const char* form : {"json", "csv", "svg"}) forms += arguments.has(form);
  if (forms > 1) return Error{Code::usage, "one of --svg, --csv and --json", ""};
  const bool drawn = !arguments.has("json") && !arguments.has("csv");
  if (drawn && !arguments.has("output") && ::isatty(STDOUT_FILENO) == 1)
    return Error{Code::usage, "where to?", "give -o FILE, or > FILE"};
  return {};
}

Result<Run> read(Connection& connection, const ChosenJobs& chosen, bool with_code) {
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection.engines());
  Run run = read_run(chosen.records, *table);
  const auto ids = with_code ? ids_with_code(run) : std::vector<std::string>();
  if (ids.empty()) return run;
  IPC_TRY_ASSIGN(const auto codes,
                 ipc::client::find_records(connection, {{"msg_id", {{"$in", ids}}}}, {"content"}));
  add_code(run, codes);
  return run;
}

Result<int> body(const Arguments& arguments) {
  IPC_TRY(check(arguments));
  IPC_TRY_ASSIGN(const auto selection, parse_selection(arguments));
  IPC_TRY_ASSIGN(const long newest, arguments.number("newest", -1, 0, 1000000000));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const auto chosen, choose_jobs(*connection, selection, run_keys(), newest,
                                                 arguments.has("quiet")));
  IPC_TRY_ASSIGN(const Run run, read(*connection, chosen, !arguments.has("csv")));
  const Summary summary = summarise(run);
  const std::string where = connection->controller();
  const std::string text = arguments.has("csv")    ? csv_text(run)
                           : arguments.has("json") ? json_text(run, summary)
                           : arguments.has("svg")  ? svg_text(run, summary, where)
                                                   : page_text(run, summary, where);
  if (const std::string file = arguments.get_or("output", "-"); file != "-")
    IPC_TRY(ipc::write_file_atomically(file, text, 0644));
  else
    IPC_TRY(print(text));
  if (!chosen.missing.empty()) return ipc::client::no_such_job(chosen.missing);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
