// SPDX-License-Identifier: BSD-3-Clause
// How many engines are waited for: a number, or a share of those the cluster was asked for.
#pragma once

#include <optional>
#include <string>

#include "libipc/util/result.hpp"

namespace ipc::wait {

struct Goal {
  int number = 0;
  bool percent = false;
  bool more = false;  ///< `>`: more than that
};

/// `8`, `80%`, and either behind `engines>=` or `engines>`. Code::usage says what can be written.
Result<Goal> parse_goal(const std::string& text);

/// The engines that the goal means where a cluster was asked for `asked`.
int engines_for(const Goal& goal, int asked);

/// For how many engines ipcluster was asked so far, by the state it keeps beside the connection
/// file; Code::no_input, and what to write instead, if it was not ipcluster who started them.
Result<int> engines_asked_for(const std::string& connection_file);

}  // namespace ipc::wait
