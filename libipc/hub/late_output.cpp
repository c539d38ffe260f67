// SPDX-License-Identifier: BSD-3-Clause
// Which tasks have ended whose last output is still to come.
#include "libipc/hub/late_output.hpp"

#include <algorithm>
#include <utility>

namespace ipc::hub {
namespace {

// Of tasks that end later, or never: broadcasts have no record.
constexpr std::size_t kMostIdles = 4096;

template <class Map>
auto& at(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found != map.end() ? found->second : map[std::string(key)];
}

}  // namespace

void LateOutput::came(std::string_view engine, std::uint64_t number) {
  Engine& from = at(engines_, engine);
  from.last = std::max(from.last, number);
  while (!from.late.empty() && from.late.begin()->first <= from.last) {
    const std::string id = from.late.begin()->second;
    complete(id);
  }
}

void LateOutput::status(std::string_view engine, std::string_view id, bool is_idle) {
  at(engines_, engine);
  if (!is_idle || id.empty()) return;
  if (const auto found = late_.find(id); found != late_.end()) {
    if (found->second.number == kIdle) complete(id);
  } else if (idle_.emplace(id, true).second) {
    idles_.emplace_back(id);
    if (idles_.size() <= kMostIdles) return;
    idle_.erase(idles_.front());
    idles_.pop_front();
  }
}

void LateOutput::ended(std::string_view id, std::string_view engine, std::uint64_t number,
                       TimePoint now) {
  const auto from = engines_.find(engine);
  if (from == engines_.end() || from->second.last < number) add(id, engine, number, now);
}

void LateOutput::ended_before_idle(std::string_view id, std::string_view engine, TimePoint now) {
  if (engines_.find(engine) == engines_.end() || idle_.find(id) != idle_.end()) return;
  add(id, engine, kIdle, now);
}

void LateOutput::add(std::string_view id, std::string_view engine, std::uint64_t number,
                     TimePoint now) {
  complete(id);
  late_.emplace(id, Late{std::string(engine), number, now + kLimit});
  at(engines_, engine).late.emplace(number, id);
  due_.emplace_back(now + kLimit, id);
}

void LateOutput::complete(std::string_view id) {
  const auto found = late_.find(id);
  if (found == late_.end()) return;
  if (const auto from = engines_.find(found->second.engine); from != engines_.end()) {
    auto [it, end] = from->second.late.equal_range(found->second.number);
    it = std::find_if(it, end, [&](const auto& entry) { return entry.second == id; });
    if (it != end) from->second.late.erase(it);
  }
  complete_.push_back(found->first);
  late_.erase(found);
}

void LateOutput::expire(TimePoint now) {
  for (; !due_.empty() && due_.front().first <= now; due_.pop_front()) {
    const auto found = late_.find(due_.front().second);
    if (found != late_.end() && found->second.due <= now) complete(due_.front().second);
  }
}

void LateOutput::engine_gone(std::string_view engine) {
  const auto found = engines_.find(engine);
  if (found == engines_.end()) return;
  while (!found->second.late.empty()) {
    const std::string id = found->second.late.begin()->second;
    complete(id);
  }
  engines_.erase(found);
}

std::vector<std::string> LateOutput::missing() const {
  std::vector<std::string> ids;
  for (const auto& [id, late] : late_) ids.push_back(id);
  return ids;
}

std::vector<std::string> LateOutput::take_complete() {
  return std::exchange(complete_, {});
}

}  // namespace ipc::hub
