// SPDX-License-Identifier: BSD-3-Clause
// The engines of the task queue: who is there, who has room, and sets of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/sched/pace.hpp"
#include "libipc/util/string_map.hpp"

namespace ipc::sched {

constexpr std::uint32_t kNone = 0xffffffff;
/// As a limit: what each engine keeps up with (Pace), or 1 if it is not one of ours.
constexpr unsigned kByPace = 0xffffffff;

/// A set of engines as bits (TaskEngine::bit), all masks of the same length.
using EngineMask = std::vector<std::uint64_t>;
bool intersect(const std::uint64_t* a, const EngineMask& b);

/// Where a job may run: on some engines, or on all but some. Jobs for which this is the same share
/// it.
struct Place {
  bool except = false;                 ///< all but those listed
  std::vector<std::uint32_t> engines;  ///< numbers, sorted
  EngineMask mask;                     ///< who is meant
  unsigned alive = 0;                  ///< of those listed
  unsigned users = 0;
  std::map<std::uint64_t, std::uint32_t> waiting;  ///< jobs, order -> slot; not if `except`
};

/// An engine as the scheduler sees it.
struct TaskEngine {
  std::string uuid;
  net::Frame identity;  ///< the uuid as a frame, to be shared
  unsigned load = 0;    ///< tasks it has
  unsigned limit = 1;   ///< of those; 0 = any number
  unsigned slots = 1;   ///< it runs so many at a time; 0: none now
  Pace pace;            ///< if the limit goes by it
  bool alive = false;
  bool drains = false;                 ///< has left the choice, not the controller
  bool extensions = false;             ///< knows cancel_request, recall_request
  std::uint32_t bit = kNone;           ///< in masks
  std::vector<std::uint32_t> running;  ///< slots of its tasks
  std::set<Place*> places;             ///< that list it
};

/// Engines by number, for ever: ids of finished tasks refer to them. One thread.
class TaskEngines {
 public:
  /// `limit`: tasks an engine may have at a time, 0 = any number, or kByPace.
  explicit TaskEngines(unsigned limit);

  TaskEngine& operator[](std::uint32_t number) { return *engines_[number]; }
  const TaskEngine& operator[](std::uint32_t number) const { return *engines_[number]; }
  /// kNone if it was never heard of.
  std::uint32_t find(std::string_view uuid) const;
  /// The number of an engine that may be still to come.
  std::uint32_t number_of(std::string_view uuid);

  /// It is there. `renumbered`: all masks are new; `masked`: those that list it are.
  struct Joined {
    bool renumbered = false, masked = false;
  };
  Joined join(std::uint32_t number);
  void leave(std::uint32_t number);

  /// Living engines, least recently used first.
  const std::vector<std::uint32_t>& by_use() const { return lru_; }
  static bool has_room(const TaskEngine& engine) {
    return engine.slots > 0 && (engine.limit == 0 || engine.load < engine.limit);
  }
  bool goes_by_pace(const TaskEngine& engine) const {
    return limit_ == kByPace && engine.extensions;
  }
  /// How many, and which living engines take one more task.
  std::size_t room() const { return room_; }
  const EngineMask& room_mask() const { return room_mask_; }
  /// It gets a task and is the last to get another one; `seat` is to be given back.
  std::uint32_t occupy(std::uint32_t number, std::uint32_t slot);
  /// The slot that has moved to this seat, or kNone.
  std::uint32_t vacate(std::uint32_t number, std::uint32_t seat);
  /// An engine that goes by its pace may have that many.
  void follow_pace(TaskEngine& engine);
  /// It runs so many tasks at a time; it may be still to come.
  void set_slots(TaskEngine& engine, unsigned slots);

  /// The place of these engines, or all but these, for one more user.
  Place* place(bool except, std::vector<std::uint32_t> engines);
  Place* share(Place* place);
  void release(Place*& place);
  bool includes(const Place& place, const TaskEngine& engine) const;
  /// Places whose engines have all gone while jobs waited for them.
  std::set<Place*>& deserted() { return deserted_; }

 private:
  using Key = std::pair<bool, std::vector<std::uint32_t>>;

  unsigned limit_of(const TaskEngine& engine) const;
  std::uint32_t free_bit(std::uint32_t number);
  void renumber();
  void set_room(const TaskEngine& engine, bool room);
  void fill_mask(Place& place) const;
  template <class Change>
  void keep_room(TaskEngine& engine, Change change);

  unsigned limit_;
  std::vector<std::unique_ptr<TaskEngine>> engines_;
  StringMap<std::uint32_t> by_uuid_;
  std::vector<std::uint32_t> lru_;
  std::size_t room_ = 0, words_ = 1;
  std::vector<std::uint32_t> owners_;  // of the bits: numbers
  EngineMask room_mask_;
  std::map<Key, Place> places_;
  std::set<Place*> deserted_;
};

}  // namespace ipc::sched
