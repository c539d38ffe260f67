// SPDX-License-Identifier: BSD-3-Clause
// Target expressions: which engines a command means.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/engines.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// Named groups: `@name` stands for another expression.
using Groups = std::map<std::string, std::string>;

/// What the command line and the environment ask for.
struct TargetChoice {
  std::string targets = "all";
  std::string exclude;
  bool is_explicit = false;  ///< -t or $IPKIT_TARGETS was given
};

/// -t and -x, default $IPKIT_TARGETS, else all.
TargetChoice target_choice(const Arguments& arguments);

/// Ids in ascending order, each once. Code::no_engine for a target that has none (the message lists
/// what there is), Code::usage for an expression that cannot be read or a group that is not there.
Result<std::vector<int>> select_targets(const TargetChoice& choice,
                                        const client::EngineTable& table,
                                        const Groups& groups = {});

}  // namespace ipc::cli
