// SPDX-License-Identifier: BSD-3-Clause
// The verbs of ipcluster: what each accepts, and what it does.
#pragma once

#include <span>
#include <string_view>

#include "cmd/ipcluster/state.hpp"
#include "libipc/cli/program.hpp"

namespace ipc::cluster {

struct Verb {
  std::string_view name;
  cli::Command command;
  cli::Body body;
};

/// All verbs, `start` first.
std::span<const Verb> verbs();

Result<int> start(const cli::Arguments& arguments);
Result<int> engines(const cli::Arguments& arguments);
Result<int> stop(const cli::Arguments& arguments);
Result<int> status(const cli::Arguments& arguments);
Result<int> list(const cli::Arguments& arguments);
Result<int> clean(const cli::Arguments& arguments);
Result<int> groups(const cli::Arguments& arguments);
Result<int> doctor(const cli::Arguments& arguments);
Result<int> show_log(const cli::Arguments& arguments);

/// Every cluster with files in any profile of this user's; those of other machines too.
std::vector<config::ClusterName> all_clusters();

}  // namespace ipc::cluster
