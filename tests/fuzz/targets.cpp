// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: engines as users name them. Pieces: the expression, what to leave out, groups.
#include "libipc/cli/targets.hpp"

#include "libipc/cli/groups.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

ipc::client::EngineTable make_table() {
  ipc::client::EngineTable table;
  for (const int id : {0, 1, 2, 5, 7}) {
    auto& engine = table.engines[id];
    engine.id = id;
    engine.host = id < 2 ? "n01.site" : "n02";
    engine.language = id == 7 ? "sh" : "python";
  }
  table.gone = {{3, "u3", "", ""}, {4, "u4", "", "kernel killed"}};
  return table;
}

void run(std::string_view input) {
  static const auto table = make_table();
  const auto parts = ipkit_fuzz::pieces(input);
  ipc::cli::TargetChoice choice;
  choice.is_explicit = true;
  if (!parts.empty()) choice.targets = parts[0];
  if (parts.size() > 1) choice.exclude = parts[1];
  ipc::cli::Groups groups;
  if (parts.size() > 2) groups = ipc::cli::parse_groups(parts[2]);
  const auto ids = ipc::cli::select_targets(choice, table, groups);
  if (!ids) return;
  for (const int id : *ids) ipkit_fuzz::require(table.find(id) != nullptr);
}

const ipkit_fuzz::Registered registered("targets", run);

}  // namespace
