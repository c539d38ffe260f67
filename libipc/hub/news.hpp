// SPDX-License-Identifier: BSD-3-Clause
// What happens to engines while a client is between asking who is there and listening.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "libipc/hub/registry.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::hub {

/// A client subscribes to notifications only when it has the list of engines, and that takes time:
/// what is published meanwhile never reaches it. Who subscribes is not known by name; the one that
/// asked first is taken to be it, so that too much is published again but never too little.
class News {
 public:
  /// An engine that came or went.
  struct Item {
    TimePoint when;
    EngineId id;
    std::string uuid;
  };

  /// A client was told who is there.
  void asked(TimePoint now) {
    forget(now);
    asked_.push_back(now);
  }

  /// This was published.
  void happened(EngineId id, const std::string& uuid, TimePoint now) {
    forget(now);
    if (!asked_.empty()) items_.push_back({now, id, uuid});
  }

  /// A client listens from now on: what it may not have heard of, oldest first.
  std::vector<Item> missed(TimePoint now) {
    forget(now);
    if (asked_.empty()) return {};
    asked_.pop_front();
    return {items_.begin(), items_.end()};
  }

 private:
  // Some clients never subscribe.
  static constexpr Duration kPatience = seconds(30);

  void forget(TimePoint now) {
    while (!asked_.empty() && asked_.front() + kPatience < now) asked_.pop_front();
    while (!items_.empty() && (asked_.empty() || items_.front().when < asked_.front()))
      items_.pop_front();
  }

  std::deque<TimePoint> asked_;
  std::deque<Item> items_;  // since the first of those
};

}  // namespace ipc::hub
