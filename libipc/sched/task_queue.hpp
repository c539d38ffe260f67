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
#include <utility>
#include <vector>

#include "libipc/sched/job.hpp"
#include "libipc/sched/policy.hpp"
#include "libipc/sched/task_engines.hpp"
#include "libipc/sched/task_line.hpp"
#include "libipc/sched/task_request.hpp"
#include "libipc/wire/id_table.hpp"

namespace ipc::sched {

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
  /// One that an engine had waits again.
  virtual void waits(const Job&) {}
  /// The engine is to hand back what it has not begun.
  virtual void recall(TaskEngine&) {}
  /// The job ends without a reply of an engine. `engine` is the lost one, else null.
  virtual void fail(Job& job, TaskFailure why, const TaskEngine* engine) = 0;
  /// The reply given to TaskQueue::reply is final, and others depend on it: it goes before what
  /// becomes of them.
  virtual void pass_on() {}
};

/// FIFO queue with dependencies, retries, timeouts and a limit of tasks for each engine (wire
/// protocol, task scheduler). What an event costs grows with the logarithm of the tasks that wait,
/// and with the engines. One thread; passive.
class TaskQueue {
 public:
  /// `limit`: tasks an engine may have at a time, 0 = any number, or kByPace.
  TaskQueue(TaskOutput& output, std::unique_ptr<Policy> policy, unsigned limit);
  ~TaskQueue();

  /// True if a task of this id has come already; it may have ended long ago.
  bool knows(std::string_view id) const { return ids_.get(id) != 0; }
  /// True if it has come and has not ended.
  bool is_live(std::string_view id) const { return (ids_.get(id) & kStateBits) == kLive; }
  /// A task came. `frames` is emptied. False if its id is not finished yet: then nothing is done.
  /// `is_ours`: it runs only where our extensions are known.
  bool submit(std::string_view id, net::Frames& frames, std::unique_ptr<Conditions> conditions,
              TimePoint now, bool is_ours = false);

  // task_resume.cpp: what an earlier controller left.
  /// A task that had ended: others may depend on it. `engine` may be empty.
  void ended(std::string_view id, std::string_view engine, bool ok);
  /// A task that `engine` has, whether it is there or still to come; it is sent by send_resumed().
  void resume(std::string_view id, net::Frames& frames, std::unique_ptr<Conditions> conditions,
              std::string_view engine, TimePoint now, bool is_ours);
  /// Sends an engine what it had before: it runs what it does not know. How many tasks that are.
  std::size_t send_resumed(std::string_view engine);
  /// Its connection broke, and requests and answers on it may be lost: it gets again all that it
  /// has not answered. Of what it knows it repeats the answer, or nothing.
  void engine_is_back(std::string_view engine);
  /// Where a task has ended that came; null if it has not, or the engine is gone.
  const TaskEngine* ended_at(std::string_view id) const;
  /// It may have been begun, and must not run elsewhere while its engine is known.
  bool is_resumed(std::string_view id) const;

  enum class Verdict { forward, rerun, drop };
  /// An engine answered, or hands a task back (aborted, dependencies not met). `forward`: the reply
  /// is final, pass it on; `rerun`: the task runs elsewhere or failed otherwise, the client must
  /// not see this reply; `drop`: nothing is known of it.
  Verdict reply(std::string_view engine, std::string_view id, const ReplyFacts& facts,
                TimePoint now);

  /// The task never left for its engine: it waits again where it stood.
  void undeliverable(std::string_view id, TimePoint now);

  void engine_added(const std::string& uuid, bool extensions, TimePoint now);
  void engine_removed(std::string_view uuid, TimePoint now);
  /// It runs so many tasks at a time from now on; 0: it gets none, and hands back what it has not
  /// begun. It may be still to come.
  void engine_slots(std::string_view uuid, unsigned slots, TimePoint now);
  /// It gets no more tasks; those it has it answers, or hands back as if their dependencies were
  /// not met: they wait again where they stood, for another engine.
  void engine_drains(std::string_view uuid, TimePoint now);
  /// Of an engine that is gone: `last` is the last task it began, if any; those it got after that
  /// wait again.
  void engine_had_begun(std::string_view uuid, std::string_view last, TimePoint now);

  /// Withdraws what waits; returns the ids that run, by engine, and marks them: no retries any
  /// more.
  struct Cancelled {
    std::vector<std::string> withdrawn;
    std::map<std::string, std::vector<std::string>> running;  ///< by the uuid of their engine
  };
  Cancelled cancel(const std::vector<std::string>& ids, TimePoint now);

  /// How many times a task was given to an engine.
  std::uint64_t runs() const { return next_run_ - 1; }
  /// The engine has answered what it was sent after the first `runs` of them, and answers in order:
  /// what it has of those it will not answer any more.
  void engine_passed(std::string_view uuid, std::uint64_t runs, TimePoint now);

  /// When something is due, TimePoint::max() if nothing is.
  TimePoint next_deadline() const;
  /// Handles what is due: timeouts, and the tasks of engines lost a while ago.
  void expire(TimePoint now);

  std::size_t waiting() const { return waiting_; }
  /// Of the messages of all that has not ended.
  std::size_t bytes() const { return bytes_; }
  const TaskEngine* find_engine(std::string_view uuid) const;

 private:
  enum class Try { ran, not_now, failed };
  // A task that ended, as those that waited for it are to be told.
  struct Finished {
    std::vector<Dependent> dependents;
    Outcome outcome;
    std::uint32_t engine;
  };

  // Numbers in the id table: two bits of state, then the job's slot or the engine where it ended.
  static constexpr std::uint32_t kLive = 1, kCompleted = 2, kFailed = 3, kStateBits = 3;
  static constexpr std::uint32_t kNoEngine = 0x3fffffff;

  Outcome outcome(std::string_view id) const;
  std::uint32_t id_place(std::string_view id) const { return ids_.get(id) >> 2; }
  std::uint32_t new_slot();
  JobRef ref(std::uint32_t slot) const { return {slot, jobs_[slot].generation}; }
  Job* live(JobRef ref);
  void enqueue(std::uint32_t slot);
  void leave_queue(std::uint32_t slot);
  bool is_in_line(const Job& job) const { return job.conditions != nullptr || job.base != nullptr; }
  void stop_running(Job& job);
  void start(std::uint32_t slot, std::uint32_t engine);
  Try try_run(std::uint32_t slot);
  Job* next_plain();
  void dispatch();
  void rerun(std::uint32_t slot);
  void take_back(std::uint32_t slot);
  void lose(std::uint32_t slot);
  void recall_stalled();
  void fail(std::uint32_t slot, TaskFailure why, const TaskEngine* engine = nullptr);
  void finish(std::uint32_t slot, bool ok, std::uint32_t engine);
  void tidy();

  // task_conditions.cpp
  bool accept(std::uint32_t slot, TaskFailure& why);
  bool count(const Job& job, Dependency& dependency, bool follow);
  static void note_place(Conditions& conditions, std::uint32_t engine);
  static bool is_placed(const Job& job);
  static bool is_hopeless(const Job& job);
  void find_place(Job& job);
  bool exclude(Job& job, std::uint32_t engine);
  void bar_strangers(Job& job);
  void bar_waiting();
  void settle(std::uint32_t slot);
  static void unsettle(Job& job);
  void fail_hopeless();
  void release_dependents();
  void tell_dependent(const Dependent& dependent, Outcome outcome, std::uint32_t engine);

  TaskOutput& output_;
  std::unique_ptr<Policy> policy_;
  TaskEngines engines_;
  std::set<std::uint32_t> strangers_;  // engines that do not know our extensions

  std::deque<Job> jobs_;
  std::vector<std::uint32_t> free_;
  wire::IdTable ids_;
  TimePoint now_{};  // of the event that is handled
  std::uint64_t next_order_ = 1, next_run_ = 1;
  std::uint32_t next_generation_ = 1;
  std::size_t waiting_ = 0, bytes_ = 0;

  std::deque<JobRef> plain_;        // waiting without conditions, by arrival
  TaskLine line_;                   // waiting with conditions
  std::vector<JobRef> hopeless_;    // to fail when an engine has room
  std::vector<Dependent> awaited_;  // of the job that is being accepted, slots of the others
  std::vector<Finished> finished_;  // whose dependents are to be told
  bool releasing_ = false;

  std::map<std::pair<TimePoint, std::uint64_t>, std::uint32_t> timers_;  // due, order -> slot
  std::multimap<TimePoint, std::uint32_t> ends_;                         // of lost engines
  TimePoint stall_check_ = TimePoint::max();  // set while an engine holds more than one task
  std::vector<std::uint32_t> candidates_;
  std::vector<unsigned> loads_;
};

}  // namespace ipc::sched
