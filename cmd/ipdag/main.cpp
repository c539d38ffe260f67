// SPDX-License-Identifier: BSD-3-Clause
// ipdag: a graph of tasks, each after those it depends on.
#include "cmd/ipdag/read.hpp"
#include "cmd/ipdag/rescue.hpp"
#include "cmd/ipdag/runner.hpp"
#include "cmd/ipdag/show.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/crew.hpp"
#include "libipc/cli/groups.hpp"
#include "libipc/cli/joblog.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;
using ipc::Result;
using ipdag::Graph;
using ipdag::Places;
using ipdag::Settings;

// The engines of each expression in the graph.
Result<Places> find_places(ipc::client::Connection& connection, const Arguments& arguments,
                           const Graph& graph) {
  IPC_TRY_ASSIGN(const Crew crew, find_crew(connection, arguments));
  Places places{{"", crew.targets}};
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection.engines());
  for (const auto& node : graph.nodes()) {
    if (places.contains(node.targets)) continue;
    TargetChoice choice = target_choice(arguments);
    choice.targets = node.targets;
    choice.is_explicit = true;
    const auto ids = select_engines(arguments, choice, *table);
    if (!ids)
      return ipc::Error{ids.error().code, graph.place(node.line) + ids.error().what,
                        ids.error().hint};
    IPC_TRY(ipc::client::require_kernel(*table, *ids, node.kernel));
    for (const int id : *ids) places[node.targets].push_back(table->find(id)->uuid);
  }
  return places;
}

Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto settings, ipdag::read_settings(arguments));
  IPC_TRY_ASSIGN(Graph graph, ipdag::read_graph(settings));
  IPC_TRY(mark_done(settings, graph));
  if (settings.dot) IPC_TRY(print_dot(graph));
  if (settings.dry_run) IPC_TRY(print_order(graph));
  if (settings.dot || settings.dry_run) return 0;
  std::optional<JobLog> log;
  Streams streams;
  Progress progress(arguments.has("bar"), arguments.has("bar"), !settings.quiet);
  IPC_TRY_ASSIGN(auto connection, connect(arguments, false));
  streams.flush_each_turn(connection->loop());
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const Places places, find_places(*connection, arguments, graph));
  if (!settings.joblog.empty()) {
    IPC_TRY_ASSIGN(log, JobLog::open(settings.joblog, settings.resume));
  }
  ipdag::Runner runner(*connection, graph, settings, places, streams, progress,
                       log ? &*log : nullptr);
  auto status = runner.run();
  // Also after a signal, which is what the program is about to die of.
  if (auto kept = ipdag::keep_rescue(settings, graph, runner.schedule()); !kept)
    complain(kept.error().text());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(ipdag::command(), argc, argv, body);
}
