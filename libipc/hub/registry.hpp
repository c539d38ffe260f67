// SPDX-License-Identifier: BSD-3-Clause
// Which engines there are: ids, pending registrations, who left and why.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"
#include "libipc/util/string_map.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {

using EngineId = long long;

/// One engine, pending or registered.
struct Engine {
  EngineId id = 0;
  std::string uuid;
  wire::Json facts;  ///< the "ipkit" object of its registration, null if it has none
  TimePoint since{};
};

/// One that has gone.
struct GoneEngine {
  EngineId id = 0;
  std::string uuid;
  UnixMicros when = 0;
  std::string why;
};

/// Passive; one thread. An engine is pending until its first heartbeat, then registered.
class Registry {
 public:
  /// The id the engine gets. `wanted` is granted if it is free. Code::exists if the uuid is in use;
  /// the id is spent all the same.
  Result<EngineId> request(const std::string& uuid, std::optional<EngineId> wanted,
                           wire::Json facts, TimePoint now);
  /// A heartbeat came: the engine if it was pending, now registered; else null.
  const Engine* admit(const std::string& uuid);
  /// Takes over an engine of an earlier controller.
  const Engine* restore(EngineId id, const std::string& uuid, wire::Json facts);

  /// What a registered engine says of itself now.
  void set_facts(EngineId id, wire::Json facts);

  /// Takes the engine out. Nothing if there is none.
  std::optional<Engine> remove(EngineId id, std::string why, UnixMicros when);
  /// A pending engine has not heard that it is, and asks again: its id, if there is one.
  std::optional<EngineId> renew_pending(const std::string& uuid, TimePoint now);
  /// Drops a pending registration; its uuid, if there was one.
  std::optional<std::string> drop_pending(EngineId id);
  /// Drops registrations pending for longer than `limit`; their uuids.
  std::vector<std::string> drop_stalled(TimePoint now, Duration limit);

  const Engine* find(EngineId id) const;
  const Engine* find(std::string_view uuid) const;
  const std::map<EngineId, Engine>& engines() const { return engines_; }
  std::size_t pending() const { return pending_.size(); }
  const std::deque<GoneEngine>& gone() const { return gone_; }
  bool had(std::string_view uuid) const;  ///< whether it is one of those
  EngineId next_id() const { return next_id_; }
  void set_next_id(EngineId id) { next_id_ = std::max(next_id_, id); }

 private:
  bool is_taken(EngineId id) const;

  std::map<EngineId, Engine> engines_;
  std::unordered_map<std::string, Engine> pending_;  // by uuid
  StringMap<EngineId> by_uuid_;
  std::deque<GoneEngine> gone_;  // the 64 last
  EngineId next_id_ = 0;
};

}  // namespace ipc::hub
