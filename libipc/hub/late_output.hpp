// SPDX-License-Identifier: BSD-3-Clause
// Which tasks have ended whose last output is still to come.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/string_map.hpp"

namespace ipc::hub {

/// Output and replies of an engine take different ways, and nothing orders them. Our engines number
/// what they publish, and say in a reply which was the last for it; those of ipyparallel say `idle`
/// after the last. Passive; one thread.
class LateOutput {
 public:
  /// What has not come by then counts as lost.
  static constexpr Duration kLimit = seconds(5);

  /// One of our engines published its message `number`, and that has come.
  void came(std::string_view engine, std::uint64_t number);
  /// An engine of ipyparallel's has told how it is.
  void status(std::string_view engine, std::string_view id, bool is_idle);
  /// A task has ended; its last output was the engine's message `number`.
  void ended(std::string_view id, std::string_view engine, std::uint64_t number, TimePoint now);
  /// The same on an engine of ipyparallel's. One that never told how it is will not do so now.
  void ended_before_idle(std::string_view id, std::string_view engine, TimePoint now);
  /// Gives up what is due.
  void expire(TimePoint now);
  /// So long ago that what it had sent is here.
  void engine_gone(std::string_view engine);

  bool is_missing(std::string_view id) const { return late_.find(id) != late_.end(); }
  /// Ids of all that are missing.
  std::vector<std::string> missing() const;
  /// Ids of those whose output is there or given up since the last call.
  std::vector<std::string> take_complete();

 private:
  static constexpr std::uint64_t kIdle = UINT64_MAX;
  struct Late {
    std::string engine;
    std::uint64_t number;  // kIdle: `idle`
    TimePoint due;
  };
  struct Engine {
    std::uint64_t last = 0;                          // number that has come
    std::multimap<std::uint64_t, std::string> late;  // tasks by the number they miss
  };
  void add(std::string_view id, std::string_view engine, std::uint64_t number, TimePoint now);
  void complete(std::string_view id);

  StringMap<Late> late_;
  StringMap<Engine> engines_;  // that have published
  std::deque<std::pair<TimePoint, std::string>> due_;
  StringMap<bool> idle_;           // tasks whose `idle` came before their end …
  std::deque<std::string> idles_;  // … oldest first
  std::vector<std::string> complete_;
};

}  // namespace ipc::hub
