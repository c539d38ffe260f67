// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what a task's metadata asks of the scheduler (dependencies, targets, retries) and
// what a reply's says.
#include "libipc/sched/task_request.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  static ipc::wire::FieldParser parser;
  bool is_ours = false;
  if (const auto conditions =
          ipc::sched::read_conditions(parser, input, "apply_request", is_ours)) {
    ipkit_fuzz::require(conditions->timeout >= ipc::Duration(0));
    ipkit_fuzz::require(conditions->retries <= 1u << 20);
  }
  const auto facts = ipc::sched::read_reply(parser, input);
  (void)std::string(facts.status);
  (void)std::string(facts.started);
}

const ipkit_fuzz::Registered registered("conditions", run);

}  // namespace
