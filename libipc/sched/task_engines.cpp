// SPDX-License-Identifier: BSD-3-Clause
// The engines of the task queue: who is there, who has room, and sets of them.
#include "libipc/sched/task_engines.hpp"

#include <algorithm>

namespace ipc::sched {
namespace {

constexpr std::uint32_t kWordBits = 64;

void set_bit(EngineMask& mask, std::uint32_t bit, bool value) {
  const std::uint64_t one = std::uint64_t{1} << bit % kWordBits;
  auto& word = mask[bit / kWordBits];
  word = value ? word | one : word & ~one;
}

}  // namespace

bool intersect(const std::uint64_t* a, const EngineMask& b) {
  for (std::size_t i = 0; i < b.size(); ++i)
    if ((a[i] & b[i]) != 0) return true;
  return false;
}

TaskEngines::TaskEngines(unsigned limit) : limit_(limit), room_mask_(words_) {}

std::uint32_t TaskEngines::find(std::string_view uuid) const {
  const auto found = by_uuid_.find(uuid);
  return found == by_uuid_.end() ? kNone : found->second;
}

std::uint32_t TaskEngines::number_of(std::string_view uuid) {
  if (const auto known = find(uuid); known != kNone) return known;
  const auto number = static_cast<std::uint32_t>(engines_.size());
  engines_.push_back(std::make_unique<TaskEngine>());
  engines_.back()->uuid = uuid;
  engines_.back()->identity = net::Frame(uuid);
  by_uuid_.emplace(uuid, number);
  return number;
}

TaskEngines::Joined TaskEngines::join(std::uint32_t number) {
  TaskEngine& engine = *engines_[number];
  Joined joined;
  engine.alive = true;
  engine.pace = {};
  engine.limit = limit_of(engine);
  lru_.insert(lru_.begin(), number);
  for (Place* place : engine.places) {
    ++place->alive;
    deserted_.erase(place);
  }
  if (engine.bit == kNone) {
    engine.bit = free_bit(number);
    joined.renumbered = engine.bit == kNone;
    joined.masked = !joined.renumbered;
    if (joined.renumbered) renumber();
    for (Place* place : engine.places) set_bit(place->mask, engine.bit, !place->except);
  }
  set_room(engine, has_room(engine));
  if (has_room(engine)) ++room_;
  return joined;
}

void TaskEngines::leave(std::uint32_t number) {
  TaskEngine& engine = *engines_[number];
  if (has_room(engine)) --room_;
  set_room(engine, false);
  engine.alive = false;
  std::erase(lru_, number);
  for (Place* place : engine.places)
    if (--place->alive == 0 && !place->waiting.empty()) deserted_.insert(place);
}

// One that was never used, or that of an engine which is gone and in nobody's list: no mask changes
// by that. kNone if there is none.
std::uint32_t TaskEngines::free_bit(std::uint32_t number) {
  if (owners_.size() < words_ * kWordBits) {
    owners_.push_back(number);
    return static_cast<std::uint32_t>(owners_.size() - 1);
  }
  const auto bit = std::find_if(owners_.begin(), owners_.end(), [this](std::uint32_t owner) {
    return !engines_[owner]->alive && engines_[owner]->places.empty();
  });
  if (bit == owners_.end()) return kNone;
  engines_[*bit]->bit = kNone;
  *bit = number;
  return static_cast<std::uint32_t>(bit - owners_.begin());
}

// Bits for those who are there only, and as many again for others to come.
void TaskEngines::renumber() {
  while (lru_.size() * 2 > words_ * kWordBits) words_ *= 2;
  for (const auto& engine : engines_) engine->bit = kNone;
  owners_.clear();
  for (const std::uint32_t number : lru_) engines_[number]->bit = free_bit(number);
  room_mask_.assign(words_, 0);
  for (const std::uint32_t number : lru_) set_room(*engines_[number], has_room(*engines_[number]));
  for (auto& [key, place] : places_) fill_mask(place);
}

void TaskEngines::set_room(const TaskEngine& engine, bool room) {
  set_bit(room_mask_, engine.bit, room);
}

// Whatever `change` does to its load or limit.
template <class Change>
void TaskEngines::keep_room(TaskEngine& engine, Change change) {
  const bool before = has_room(engine);
  change();
  if (!engine.alive || before == has_room(engine)) return;
  room_ += before ? std::size_t(-1) : 1;
  set_room(engine, !before);
}

unsigned TaskEngines::limit_of(const TaskEngine& engine) const {
  const unsigned slots = std::max(engine.slots, 1U);
  if (limit_ == kByPace) return std::max(engine.pace.limit(), slots);
  return static_cast<unsigned>(std::min<std::uint64_t>(std::uint64_t{limit_} * slots, kByPace));
}

void TaskEngines::follow_pace(TaskEngine& engine) {
  const unsigned limit = limit_of(engine);
  if (engine.limit == limit) return;
  keep_room(engine, [&] { engine.limit = limit; });
}

void TaskEngines::set_slots(TaskEngine& engine, unsigned slots) {
  keep_room(engine, [&] {
    engine.slots = slots;
    engine.limit = limit_of(engine);
  });
}

std::uint32_t TaskEngines::occupy(std::uint32_t number, std::uint32_t slot) {
  TaskEngine& engine = *engines_[number];
  keep_room(engine, [&] { ++engine.load; });
  if (lru_.size() > 1 && lru_.back() != number) {
    const auto at = std::find(lru_.begin(), lru_.end(), number);
    std::rotate(at, at + 1, lru_.end());
  }
  engine.running.push_back(slot);
  return static_cast<std::uint32_t>(engine.running.size() - 1);
}

std::uint32_t TaskEngines::vacate(std::uint32_t number, std::uint32_t seat) {
  TaskEngine& engine = *engines_[number];
  keep_room(engine, [&] { --engine.load; });
  const std::uint32_t last = engine.running.back();
  engine.running[seat] = last;
  engine.running.pop_back();
  return seat < engine.running.size() ? last : kNone;
}

void TaskEngines::fill_mask(Place& place) const {
  place.mask.assign(words_, place.except ? ~std::uint64_t{0} : 0);
  for (const std::uint32_t number : place.engines)
    if (engines_[number]->bit != kNone) set_bit(place.mask, engines_[number]->bit, !place.except);
}

Place* TaskEngines::place(bool except, std::vector<std::uint32_t> engines) {
  std::sort(engines.begin(), engines.end());
  engines.erase(std::unique(engines.begin(), engines.end()), engines.end());
  const auto [at, is_new] = places_.try_emplace(Key{except, std::move(engines)});
  Place& place = at->second;
  ++place.users;
  if (!is_new) return &place;
  place.except = except;
  place.engines = at->first.second;
  fill_mask(place);
  for (const std::uint32_t number : place.engines) {
    engines_[number]->places.insert(&place);
    if (engines_[number]->alive) ++place.alive;
  }
  return &place;
}

Place* TaskEngines::share(Place* place) {
  if (place != nullptr) ++place->users;
  return place;
}

void TaskEngines::release(Place*& place) {
  Place* const old = std::exchange(place, nullptr);
  if (old == nullptr || --old->users > 0) return;
  deserted_.erase(old);
  for (const std::uint32_t number : old->engines) engines_[number]->places.erase(old);
  places_.erase(Key{old->except, old->engines});
}

bool TaskEngines::includes(const Place& place, const TaskEngine& engine) const {
  return (place.mask[engine.bit / kWordBits] >> engine.bit % kWordBits & 1) != 0;
}

}  // namespace ipc::sched
