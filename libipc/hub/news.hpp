// SPDX-License-Identifier: BSD-3-Clause
// Engines that come while a client is between asking who is there and listening to who comes.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "libipc/hub/registry.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::hub {

/// A client subscribes to notifications only when it has the list of engines, and that takes time:
/// what is published meanwhile never reaches it. Who subscribes is not known by name; the one that
/// asked first is taken to be it, so that too many engines are published again but never too few.
/// Who left is not: the reference's client takes each such message for a new event, and gives up
/// waiting for engines.
class News {
 public:
  /// A client was told who is there.
  void asked(TimePoint now) {
    forget(now);
    asked_.push_back(now);
  }

  /// An engine was published.
  void came(EngineId id, TimePoint now) {
    forget(now);
    if (!asked_.empty()) came_.emplace_back(now, id);
  }

  /// A client listens from now on: the engines it may not have heard of, oldest first.
  std::vector<EngineId> missed(TimePoint now) {
    forget(now);
    std::vector<EngineId> ids;
    if (asked_.empty()) return ids;
    asked_.pop_front();
    for (const auto& [when, id] : came_) ids.push_back(id);
    return ids;
  }

 private:
  // Some clients never subscribe.
  static constexpr Duration kPatience = seconds(30);

  void forget(TimePoint now) {
    while (!asked_.empty() && asked_.front() + kPatience < now) asked_.pop_front();
    while (!came_.empty() && (asked_.empty() || came_.front().first < asked_.front()))
      came_.pop_front();
  }

  std::deque<TimePoint> asked_;
  std::deque<std::pair<TimePoint, EngineId>> came_;  // since the first of those
};

}  // namespace ipc::hub
