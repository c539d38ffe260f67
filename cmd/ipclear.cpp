// SPDX-License-Identifier: BSD-3-Clause
// ipclear: namespaces as they were at the start.
#include "libipc/cli/data.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;
using ipc::client::Failure;
using ipc::client::Outcome;
using ipc::client::Reply;

// After this long whoever waits should know for what.
constexpr auto kRemark = ipc::seconds(2);

Command command() {
  Command c;
  c.name = "ipclear";
  c.synopsis = {"[-t SET] [--timeout TIME]"};
  c.summary =
      "Clears the namespace of every engine: what was defined there is gone. Prints nothing. An\n"
      "engine that works is cleared when it has finished what it is doing, before what is queued.";
  c.examples = {
      {"ipclear", "all engines"},
      {"ipclear -t 0-3 && ipexec -f setup.py", "a new start on some"},
      {"ipclear --sh", "variables and directory of the shells"},
  };
  c.common = kCluster | kTargets | kTimeout | kKernel;
  return c;
}

/// The requests that are not answered yet.
struct Round {
  std::vector<int> open;
  std::vector<Failure> failures;

  void take(Reply&& reply) {
    std::erase(open, reply.engine);
    if (reply.outcome != Outcome::ok) failures.push_back({reply.engine, reply.error()});
  }
};

ipc::Result<std::vector<int>> engines_to_clear(Connection& connection, const Arguments& arguments) {
  // Every engine knows the request, only ours have other kernels.
  return chosen_kernel(arguments).empty() ? choose_engines(connection, arguments)
                                          : choose_kernels(connection, arguments);
}

ipc::Result<int> body(const Arguments& arguments) {
  if (!arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "'" + arguments.operands[0] + "' is too much",
                      "engines are chosen by -t; one name is removed by ipexec 'del NAME'"};
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  Round round;
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(round.open, engines_to_clear(*connection, arguments));
  for (const int engine : std::vector(round.open)) {
    ipc::client::Request request;
    request.type = "clear_request";
    request.kernel = chosen_kernel(arguments);
    IPC_TRY(connection->control(engine, std::move(request),
                                [&round](Reply&& reply) { round.take(std::move(reply)); }));
  }
  connection->loop().after(kRemark, [&] {
    if (!arguments.has("quiet")) complain("waiting for " + engines_text(round.open) + ": busy");
  });
  const auto waited = connection->wait_all(deadline);
  if (!waited && waited.error().code != ipc::Code::timed_out) return waited.error();
  // What is not cleared by now shall not be cleared later, when nobody expects it.
  if (!waited) connection->cancel_all();
  const int status = report_failures(arguments, round.failures);
  if (waited) return status;
  return ipc::Error{ipc::Code::timed_out,
                    "timed out after " + duration_text(arguments, "timeout") + ": " +
                        engines_text(round.open) + " not cleared",
                    "see what they do: ipstat"};
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
