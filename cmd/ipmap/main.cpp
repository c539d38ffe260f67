// SPDX-License-Identifier: BSD-3-Clause
// ipmap: one expression or command, many items, whichever engine is free.
#include "cmd/ipmap/mapper.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;

// Tasks queue where there are no engines, so none is no error unless some are named.
ipc::Result<ipmap::Crew> find_crew(ipc::client::Connection& connection,
                                   const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection.engines());
  // What language its tasks are to be in, if engines come, is not known.
  if (table->engines.empty() && !connection.file().is_ipkit()) return connection.no_engines();
  ipmap::Crew crew;
  crew.engines = table->engines.empty() ? 4 : table->engines.size();
  const TargetChoice choice = target_choice(arguments);
  const bool any = choice.targets == "all" && choice.exclude.empty();
  IPC_TRY_ASSIGN(const auto ids, select_engines(arguments, choice, *table));
  IPC_TRY(ipc::client::require_kernel(*table, ids, chosen_kernel(arguments)));
  IPC_TRY(ipc::client::require_one_form(*table, ids));
  if (any) return crew;
  for (const int id : ids) crew.targets.push_back(table->find(id)->uuid);
  crew.engines = ids.size();
  return crew;
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto settings, ipmap::read_settings(arguments));
  IPC_TRY_ASSIGN(auto input, ipmap::Input::open(settings));
  Streams streams;
  Progress progress(arguments.has("bar"), arguments.has("eta"));
  IPC_TRY_ASSIGN(auto connection, connect(arguments, false));
  streams.flush_each_turn(connection->loop());
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(auto crew, find_crew(*connection, arguments));
  ipmap::Mapper mapper(*connection, input, settings, std::move(crew), streams, progress);
  return mapper.run();
}

}  // namespace

int main(int argc, char** argv) {
  run_program(ipmap::command(), argc, argv, body);
}
