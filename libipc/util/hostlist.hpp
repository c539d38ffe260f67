// SPDX-License-Identifier: BSD-3-Clause
// Lists of host names with ranges: "n[01-04,7],login".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc {

/// All names, in the order written; leading zeros are kept. At most a million; Code::usage names
/// the part that is wrong.
Result<std::vector<std::string>> expand_hostlist(std::string_view text);

/// One host of a list with counts.
struct HostCount {
  std::string user, name;
  int count = 1;

  /// `user@name`, or the name alone.
  std::string text() const { return (user.empty() ? "" : user + "@") + name; }
};

/// "node[01-04]:2 user@gpu, login": hosts with how many of something on each, separated by blanks
/// or commas; one named again counts for more. Code::usage names the part that is wrong.
Result<std::vector<HostCount>> parse_host_counts(std::string_view text);

/// Splits at commas that are not within brackets.
std::vector<std::string> split_outside_brackets(std::string_view text);

}  // namespace ipc
