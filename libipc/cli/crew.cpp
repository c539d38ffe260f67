// SPDX-License-Identifier: BSD-3-Clause
// Which engines tasks may go to.
#include "libipc/cli/crew.hpp"

#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"

namespace ipc::cli {

Result<Crew> find_crew(client::Connection& connection, const Arguments& arguments) {
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection.engines());
  // What language its tasks are to be in, if engines come, is not known.
  if (table->engines.empty() && !connection.file().is_ipkit()) return connection.no_engines();
  Crew crew;
  crew.engines = table->engines.empty() ? 4 : table->engines.size();
  const TargetChoice choice = target_choice(arguments);
  const bool any = choice.targets == "all" && choice.exclude.empty();
  IPC_TRY_ASSIGN(crew.ids, select_engines(arguments, choice, *table));
  IPC_TRY(client::require_kernel(*table, crew.ids, chosen_kernel(arguments)));
  IPC_TRY(client::require_one_form(*table, crew.ids));
  for (const auto& [id, engine] : table->engines) crew.hosts[id] = engine.host;
  if (any) return crew;
  for (const int id : crew.ids) crew.targets.push_back(table->find(id)->uuid);
  crew.engines = crew.ids.size();
  return crew;
}

}  // namespace ipc::cli
