// SPDX-License-Identifier: BSD-3-Clause
// ipmap: one expression or command, many items, whichever engine is free.
#include "cmd/ipmap/mapper.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/crew.hpp"
#include "libipc/cli/program.hpp"

namespace {

using namespace ipc::cli;

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto settings, ipmap::read_settings(arguments));
  IPC_TRY_ASSIGN(auto input, ipmap::Input::open(settings));
  Streams streams;
  Progress progress(arguments.has("bar"), arguments.has("eta"), !settings.quiet);
  IPC_TRY_ASSIGN(auto connection, connect(arguments, settings.direct));
  streams.flush_each_turn(connection->loop());
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(auto crew, find_crew(*connection, arguments));
  if (settings.direct && crew.ids.empty()) return connection->no_engines();
  IPC_TRY_ASSIGN(const auto ledger, ipmap::Ledger::open(settings));
  ipmap::Mapper mapper(*connection, input, settings, std::move(crew), ledger.get(), streams,
                       progress);
  return mapper.run();
}

}  // namespace

int main(int argc, char** argv) {
  run_program(ipmap::command(), argc, argv, body);
}
