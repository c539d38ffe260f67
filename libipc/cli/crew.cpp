// SPDX-License-Identifier: BSD-3-Clause
// Which engines tasks may go to.
#include "libipc/cli/crew.hpp"

#include <algorithm>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"

namespace ipc::cli {
namespace {

// What works at a time there: one that is a cluster takes a task for each engine that has.
size_t workers(const client::EngineInfo& engine) {
  const bool is_cluster = engine.kernel.starts_with("cluster:");
  return is_cluster ? static_cast<size_t>(std::max(engine.prefetch, 1)) : 1;
}

}  // namespace

Result<Crew> find_crew(client::Connection& connection, const Arguments& arguments) {
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection.engines());
  // What language its tasks are to be in, if engines come, is not known.
  if (table->engines.empty() && !connection.file().is_ipkit()) return connection.no_engines();
  Crew crew;
  crew.engines = table->engines.empty() ? 4 : 0;
  const TargetChoice choice = target_choice(arguments);
  const bool any = choice.targets == "all" && choice.exclude.empty();
  IPC_TRY_ASSIGN(crew.ids, select_engines(arguments, choice, *table));
  IPC_TRY(client::require_kernel(*table, crew.ids, chosen_kernel(arguments)));
  IPC_TRY(client::require_one_form(*table, crew.ids));
  for (const auto& [id, engine] : table->engines) {
    crew.hosts[id] = engine.host;
    crew.engines += workers(engine);
  }
  if (any) return crew;
  crew.engines = 0;
  for (const int id : crew.ids) {
    crew.targets.push_back(table->find(id)->uuid);
    crew.engines += workers(*table->find(id));
  }
  return crew;
}

}  // namespace ipc::cli
