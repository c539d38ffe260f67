// SPDX-License-Identifier: BSD-3-Clause
// ipexec: run code on engines.
#include "libipc/cli/code.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/execution.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;

Command command() {
  Command c;
  c.name = "ipexec";
  c.synopsis = {"[-t SET] [-anpqS] [-bkl] [--timeout TIME] CODE", "[options] -f FILE [ARG]...",
                "[options] --sh COMMAND [ARG]..."};
  c.summary =
      "Runs CODE in the namespace of every engine and prints what it prints. Without CODE it\n"
      "is read from standard input.";
  c.examples = {
      {"ipexec 'import numpy as np'", "on every engine"},
      {"ipexec -t 0 'pi = 3'; ipexec -t 1 'pi = 3.14'", "each its own"},
      {"ipexec -p 'len(x)'", "print the value of an expression"},
      {"ipexec -b --sh uname -r", "equal answers folded: 0-3,7 (5)"},
      {"ipexec --diff --sh 'pip freeze'", "who has other versions than the first"},
      {"ipexec --sh 'df /scratch | tail -1' | sort -k4", "one operand is shell text"},
      {"tar c data | ipexec -i --sh tar x -C /scratch", "our input to each engine's command"},
      {"ipexec -f fit.py --steps 10", "a script with its arguments"},
      {"j=$(ipexec -a 'train()'); ipwait --timeout 1h $j", "in the background"},
      {"cat hosts | while read h; do ipexec -n -t \"host:$h\" 'flush()'; done", "in loops: -n"},
  };
  c.options = {
      {'c', "code", "CODE", "the code, as an option"},
      {'f', "file", "FILE",
       "the code is in FILE (- is standard input); what follows are its arguments", false, true},
      {'p', "print", "", "print the value of the last expression"},
      {'i', "stdin", "", "our standard input is that of the code on every engine"},
      {'k', "keep-order", "", "all output of one engine, then of the next"},
      {'b', "fold", "", "equal outputs once, under the engines they came from"},
      {0, "kernel", "NAME[,NAME]...",
       "run by this kernel of the engine; by several, one after the other"},
      {0, "diff", "", "instead of outputs, how the others differ from the first engine's"},
      {0, "results", "DIR", "outputs to DIR/ENGINE/stdout and stderr too"},
      {0, "display", "DIR", "plots and other displays to DIR/ENGINE-NUMBER.SUFFIX, by MIME type"},
      {'S', "maxrc", "", "exit with the largest status of a remote command instead of 1"},
  };
  c.common = kCluster | kTargets | kAsync | kTimeout | kLabels | kJson | kNoStdin | kKernel |
             kBroadcast | kSerial;
  c.operands = Operands::code;
  return c;
}

ipc::Status check_combinations(const Arguments& arguments) {
  const std::pair<const char*, const char*> apart[] = {
      {"diff", "fold"},     {"diff", "keep-order"}, {"diff", "json"},
      {"diff", "async"},    {"diff", "label"},      {"results", "async"},
      {"display", "async"}, {"broadcast", "async"}, {"sh", "kernel"}};
  for (const auto& [one, other] : apart)
    if (arguments.has(one) && arguments.has(other))
      return ipc::Error{ipc::Code::usage,
                        "--" + std::string(one) + " does not go with --" + std::string(other),
                        "leave one out"};
  IPC_TRY_ASSIGN(const auto kernels, chosen_kernels(arguments));
  for (const char* const files : {"results", "display"})
    if (kernels.size() > 1 && arguments.has(files))
      return ipc::Error{ipc::Code::usage,
                        "--" + std::string(files) + " does not go with several kernels",
                        "one call for each"};
  return {};
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY(check_combinations(arguments));
  IPC_TRY_ASSIGN(auto code, find_code(arguments));
  Execution job;
  Stage stage;
  if (code.from_stdin) {
    IPC_TRY_ASSIGN(code.text, read_stdin("code"));
  } else if (arguments.has("stdin")) {
    IPC_TRY_ASSIGN(job.input, read_stdin("input"));
  } else {
    IPC_TRY_ASSIGN(stage, await_stage(arguments.has("no-stdin")));
  }
  IPC_TRY_ASSIGN(job.content, execute_content(code, arguments));
  job.results = arguments.get("results");
  job.display = arguments.get("display");
  Streams streams;
  IPC_TRY_ASSIGN(auto connection, connect(arguments));
  const SignalGuard guard(*connection);
  IPC_TRY(await_jobs(*connection, stage.jobs));
  IPC_TRY_ASSIGN(const auto engines, choose_kernels(*connection, arguments));
  return arguments.has("async") ? run_async(*connection, engines, job, arguments)
                                : run(*connection, engines, job, arguments, streams);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
