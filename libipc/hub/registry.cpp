// SPDX-License-Identifier: BSD-3-Clause
// Which engines there are: ids, pending registrations, who left and why.
#include "libipc/hub/registry.hpp"

#include <algorithm>

#include "libipc/wire/errors.hpp"

namespace ipc::hub {
namespace {

constexpr std::size_t kGoneKept = 64;
constexpr EngineId kLargestId = 1 << 30;

}  // namespace

bool Registry::is_taken(EngineId id) const {
  return engines_.contains(id) ||
         std::any_of(pending_.begin(), pending_.end(),
                     [id](const auto& entry) { return entry.second.id == id; });
}

Result<EngineId> Registry::request(const std::string& uuid, std::optional<EngineId> wanted,
                                   wire::Json facts, TimePoint now) {
  EngineId id = next_id_;
  if (wanted && *wanted >= 0 && *wanted < kLargestId && !is_taken(*wanted)) {
    id = *wanted;
    next_id_ = std::max(next_id_, id + 1);
  } else {
    ++next_id_;
  }
  if (by_uuid_.contains(uuid) || pending_.contains(uuid))
    return Error{Code::exists, "uuid " + wire::python_repr(uuid) + " in use", ""};
  pending_.emplace(uuid, Engine{id, uuid, std::move(facts), now});
  return id;
}

const Engine* Registry::admit(const std::string& uuid) {
  auto node = pending_.extract(uuid);
  if (node.empty()) return nullptr;
  const EngineId id = node.mapped().id;
  by_uuid_.emplace(uuid, id);
  return &engines_.insert_or_assign(id, std::move(node.mapped())).first->second;
}

const Engine* Registry::restore(EngineId id, const std::string& uuid, wire::Json facts) {
  if (engines_.contains(id) || by_uuid_.contains(uuid)) return nullptr;
  by_uuid_.emplace(uuid, id);
  next_id_ = std::max(next_id_, id + 1);
  return &engines_.emplace(id, Engine{id, uuid, std::move(facts), {}}).first->second;
}

void Registry::set_facts(EngineId id, wire::Json facts) {
  if (const auto found = engines_.find(id); found != engines_.end())
    found->second.facts = std::move(facts);
}

std::optional<Engine> Registry::remove(EngineId id, std::string why, UnixMicros when) {
  auto node = engines_.extract(id);
  if (node.empty()) return {};
  by_uuid_.erase(node.mapped().uuid);
  gone_.push_back({id, node.mapped().uuid, when, std::move(why)});
  if (gone_.size() > kGoneKept) gone_.pop_front();
  return std::move(node.mapped());
}

std::optional<EngineId> Registry::renew_pending(const std::string& uuid, TimePoint now) {
  const auto found = pending_.find(uuid);
  if (found == pending_.end()) return {};
  found->second.since = now;
  return found->second.id;
}

std::optional<std::string> Registry::drop_pending(EngineId id) {
  for (const auto& [uuid, engine] : pending_) {
    if (engine.id != id) continue;
    std::string dropped = uuid;
    pending_.erase(dropped);
    return dropped;
  }
  return {};
}

std::vector<std::string> Registry::drop_stalled(TimePoint now, Duration limit) {
  std::vector<std::string> dropped;
  std::erase_if(pending_, [&](const auto& entry) {
    const bool stalled = now - entry.second.since > limit;
    if (stalled) dropped.push_back(entry.first);
    return stalled;
  });
  return dropped;
}

bool Registry::had(std::string_view uuid) const {
  return std::any_of(gone_.begin(), gone_.end(),
                     [uuid](const GoneEngine& engine) { return engine.uuid == uuid; });
}

const Engine* Registry::find(EngineId id) const {
  const auto found = engines_.find(id);
  return found == engines_.end() ? nullptr : &found->second;
}

const Engine* Registry::find(std::string_view uuid) const {
  const auto found = by_uuid_.find(uuid);
  return found == by_uuid_.end() ? nullptr : find(found->second);
}

}  // namespace ipc::hub
