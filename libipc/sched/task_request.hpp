// SPDX-License-Identifier: BSD-3-Clause
// What a task's header and metadata say to the scheduler.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/sched/dependency.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::sched {

/// Conditions of a task; most tasks have none.
struct Conditions {
  std::vector<std::string> targets;  ///< uuids of the engines allowed; empty: any
  Dependency after, follow;
  Duration timeout{0};  ///< the longest time in the queue; 0: no limit
  unsigned retries = 0;
  bool invalid = false;  ///< a dependency that nothing can fulfil

  // What the queue makes of them.
  std::vector<std::uint32_t> places;  ///< engines where what it follows ended in the right way
  bool nowhere = false;               ///< some of that ended without an engine
  TimePoint due = TimePoint::max();   ///< of its timeout, while it waits
};

/// Reads the conditions in `metadata`; null if there are none. What has the wrong type counts as
/// absent, but a dependency that cannot be read makes the conditions invalid.
/// `is_ours` is set if it asks for what only our engines have, by metadata or type.
std::unique_ptr<Conditions> read_conditions(wire::FieldParser& parser, std::string_view metadata,
                                            std::string_view msg_type, bool& is_ours);

/// What the reply's metadata says. The strings have no quotes and live as long as the parser's
/// answer.
struct ReplyFacts {
  bool has_status = false, ok = false, aborted = false;
  bool dependencies_met = true;
  std::string_view status, started;
};
ReplyFacts read_reply(wire::FieldParser& parser, std::string_view metadata);

}  // namespace ipc::sched
