// SPDX-License-Identifier: BSD-3-Clause
// How many engines are waited for.
#include "cmd/ipwait/goal.hpp"

#include <algorithm>
#include <string_view>

#include "libipc/cli/cluster_state.hpp"
#include "libipc/util/text.hpp"

namespace ipc::wait {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text = trim(text.substr(prefix.size()));
  return true;
}

}  // namespace

Result<Goal> parse_goal(const std::string& text) {
  Goal goal;
  std::string_view rest = trim(text);
  if (take(rest, "engines")) {
    const bool at_least = take(rest, ">=");
    goal.more = !at_least && take(rest, ">");
    if (!at_least && !goal.more) rest = {};
  }
  goal.percent = rest.ends_with('%');
  if (goal.percent) rest = trim(rest.substr(0, rest.size() - 1));
  const bool digits =
      !rest.empty() && rest.size() < 7 &&
      std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) goal.number = std::stoi(std::string(rest));
  if (!digits || (goal.percent && goal.number > 100))
    return Error{Code::usage, "-n: '" + text + "' is no number of engines",
                 "write 8, 80%, 'engines>=8', 'engines>=80%'"};
  return goal;
}

int engines_for(const Goal& goal, int asked) {
  if (!goal.percent) return goal.number + (goal.more ? 1 : 0);
  return goal.more ? asked * goal.number / 100 + 1 : (asked * goal.number + 99) / 100;
}

Result<int> engines_asked_for(const std::string& connection_file) {
  const auto unknown = [](const std::string& why) {
    return Error{Code::no_input, "percent of what? " + why,
                 "give a number of engines: ipwait -n 8"};
  };
  const auto state = cli::cluster_state(connection_file);
  if (!state) return unknown("no ipcluster has started these engines");
  const auto asked = wire::int_or(*state, "asked", 0);
  if (asked <= 0) return unknown("ipcluster was asked for no engines so far");
  return static_cast<int>(std::min<int64_t>(asked, 1000000));
}

}  // namespace ipc::wait
