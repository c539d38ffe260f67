// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what a controller tells clients: the table of engines, an error.
#include "libipc/client/engines.hpp"
#include "libipc/client/message.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  const auto content = ipc::wire::parse_json(input);
  if (!content) return;
  const auto table = ipc::client::parse_engine_table(*content);
  for (const int id : table.ids()) ipkit_fuzz::require(table.find(id) != nullptr);
  (void)ipc::client::no_such_engine(table, "7");
  (void)ipc::client::error_of(*content, ipc::client::Outcome::error);
}

const ipkit_fuzz::Registered registered("hub_answer", run);

}  // namespace
