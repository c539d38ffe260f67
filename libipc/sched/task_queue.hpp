// SPDX-License-Identifier: BSD-3-Clause
// The task queue: which task runs where and when. Events and a clock in, decisions out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/sched/policy.hpp"
#include "libipc/sched/task_request.hpp"
#include "libipc/util/string_map.hpp"
#include "libipc/wire/id_table.hpp"

namespace ipc::sched {

/// An engine as the scheduler sees it.
struct TaskEngine {
  std::string uuid;
  net::Frame identity;  ///< the uuid as a frame, to be shared
  unsigned load = 0;    ///< tasks it has
  bool alive = true;
  bool extensions = false;  ///< knows cancel_request
};

/// A task between its submission and its final reply.
struct Job {
  enum class State { free, blocked, queued, running };
  std::string id;
  net::Frames frames;  ///< client identity, then the message as it came
  std::unique_ptr<Conditions> conditions;
  std::set<std::uint32_t> blacklist;  ///< engines where it failed
  State state = State::free;
  std::uint64_t order = 0;   ///< arrival; unique
  std::uint64_t timer = 0;   ///< the running one; older ones are void
  std::uint32_t engine = 0;  ///< while it runs
  bool cancelled = false;
};

enum class TaskFailure {
  invalid_dependency,
  impossible_dependency,
  timeout,
  withdrawn,
  engine_lost
};

/// What the queue decides. Called from within its functions; must not call back.
class TaskOutput {
 public:
  virtual ~TaskOutput() = default;
  virtual void run(Job& job, TaskEngine& engine) = 0;
  /// The job ends without a reply of an engine. `engine` is the lost one, else null.
  virtual void fail(Job& job, TaskFailure why, const TaskEngine* engine) = 0;
};

/// FIFO queue with dependencies, retries, timeouts and a limit of tasks for each engine (wire
/// protocol, task scheduler). One thread; passive.
class TaskQueue {
 public:
  /// `limit`: tasks an engine may have at a time, 0 = any number.
  TaskQueue(TaskOutput& output, std::unique_ptr<Policy> policy, unsigned limit);
  ~TaskQueue();

  /// A task came. `frames` is emptied. False if its id is not finished yet: then nothing is done.
  bool submit(std::string_view id, net::Frames& frames, std::unique_ptr<Conditions> conditions,
              TimePoint now);

  enum class Verdict { forward, rerun, drop };
  /// An engine answered. `forward`: the reply is final, pass it on; `rerun`: the task runs
  /// elsewhere or failed otherwise, the client must not see this reply; `drop`: nothing is known of
  /// it.
  Verdict reply(std::string_view engine, std::string_view id, const ReplyFacts& facts,
                TimePoint now);

  /// The frame that names the engine could not be delivered: as if the engine had died with it.
  void undeliverable(std::string_view id, TimePoint now);

  void engine_added(const std::string& uuid, bool extensions, TimePoint now);
  void engine_removed(std::string_view uuid, TimePoint now);

  /// Withdraws what waits; returns the ids that run, by engine, and marks them: no retries any
  /// more.
  struct Cancelled {
    std::vector<std::string> withdrawn;
    std::map<std::string, std::vector<std::string>> running;  ///< by the uuid of their engine
  };
  Cancelled cancel(const std::vector<std::string>& ids, TimePoint now);

  /// When something is due, TimePoint::max() if nothing is.
  TimePoint next_deadline() const;
  /// Handles what is due: timeouts, and the tasks of engines lost a while ago.
  void expire(TimePoint now);

  std::size_t waiting() const { return waiting_; }
  const TaskEngine* find_engine(std::string_view uuid) const;

 private:
  struct Ref {  // a job that may have ended meanwhile
    std::uint32_t slot;
    std::uint64_t order;
  };
  enum class Try { ran, not_now, failed };

  Outcome outcome(std::string_view id) const;
  Outcome outcome_on(std::string_view id, std::uint32_t engine) const;
  std::uint32_t new_slot();
  Job* live(Ref ref);
  bool is_acceptable(const Job& job, TaskFailure& why) const;
  void enqueue(std::uint32_t slot, TimePoint now);
  void revive(std::uint32_t index, bool extensions);
  void index(std::uint32_t slot);
  void leave_queue(Job& job);
  bool has_room(const TaskEngine& engine) const { return limit_ == 0 || engine.load < limit_; }
  void free_slot(std::uint32_t engine);
  bool may_run_on(const Job& job, std::uint32_t engine) const;
  bool is_hopeless(const Job& job) const;
  bool has_target_left(const Job& job, bool alive_only) const;
  void start(std::uint32_t slot, std::uint32_t engine);
  Try try_run(std::uint32_t slot);
  Job* next_plain();
  void dispatch();
  void rerun(std::uint32_t slot, TimePoint now);
  void lose(std::uint32_t slot, TimePoint now);
  void fail(std::uint32_t slot, TaskFailure why, const TaskEngine* engine = nullptr);
  void finish(std::uint32_t slot, bool ok, std::uint32_t engine);
  void release_dependents();
  void look_at_dependent(Ref ref);

  TaskOutput& output_;
  std::unique_ptr<Policy> policy_;
  unsigned limit_;

  std::vector<std::unique_ptr<TaskEngine>> engines_;  // for ever: ids refer to them
  StringMap<std::uint32_t> by_uuid_;
  std::vector<std::uint32_t> lru_;  // living engines, least recently used first

  std::deque<Job> jobs_;
  std::vector<std::uint32_t> free_;
  wire::IdTable ids_;
  std::uint64_t next_order_ = 1, next_timer_ = 1;
  std::size_t waiting_ = 0;
  std::size_t room_ = 0;         // living engines that take one more
  std::uint64_t scan_from_ = 0;  // conditioned jobs before this were tried in this dispatch

  std::deque<Ref> plain_;                          // waiting without conditions, by arrival
  std::map<std::uint64_t, std::uint32_t> queued_;  // waiting with conditions, order -> slot
  std::unordered_map<std::string, std::vector<Ref>> dependents_;
  std::vector<std::string> finished_;  // whose dependents are to be looked at
  bool releasing_ = false;

  struct Due {
    Ref job{};
    std::uint64_t timer = 0;  // 0: an engine's end
    std::uint32_t engine = 0;
  };
  std::multimap<TimePoint, Due> due_;
  std::vector<std::uint32_t> candidates_;
  std::vector<unsigned> loads_;
};

}  // namespace ipc::sched
