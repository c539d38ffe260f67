// SPDX-License-Identifier: BSD-3-Clause
// The task channel: takes tasks from clients, sends them where the queue says, passes replies back.
#pragma once

#include <map>
#include <string>

#include "libipc/net/events.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/net/strangers.hpp"
#include "libipc/sched/engine_side.hpp"
#include "libipc/sched/replies.hpp"
#include "libipc/sched/role.hpp"
#include "libipc/sched/task_queue.hpp"
#include "libipc/util/log.hpp"

namespace ipc::sched {

class Journal;

/// Sockets around a TaskQueue. One thread, that of the loop.
class TaskRelay : public Role, private TaskOutput {
 public:
  struct Options {
    unsigned limit = kByPace;  ///< tasks an engine may have at a time, 0 = any number
    std::uint64_t most_bytes = UINT64_MAX;  ///< of the tasks that wait or run; more are refused
  };

  TaskRelay(net::Loop& loop, net::Socket clients, net::Socket engines,
            std::unique_ptr<Policy> policy, Options options, wire::Signer signer,
            net::EventWriter& tap, std::function<void()> catch_up);

  /// Takes over the tasks of `journal` and keeps them there from now on: once, before any engine
  /// is there. It outlives this.
  void restore(Journal& journal);

  void engine_added(std::string_view uuid, std::string_view id, bool extensions) override;
  void engine_removed(std::string_view uuid) override;
  void command(net::Event& event) override;

 private:
  // A cancel_request that waits for what the engines say.
  struct Cancel {
    std::string client, header;
    std::vector<std::string> withdrawn, interrupted;
    unsigned open = 0;
    TimePoint until;
  };

  // A client asks again for the reply to a task that has ended, and the engine was asked for it.
  struct Repeat {
    std::string client, header, engine;
  };

  // A reply under way from an engine to its client.
  struct Reply {
    net::Incoming& message;
    std::string_view id, type, date;
    const ReplyFacts& facts;
  };

  void run(Job& job, TaskEngine& engine) override;
  void waits(const Job& job) override;
  void recall(TaskEngine& engine) override;
  void fail(Job& job, TaskFailure why, const TaskEngine* engine) override;
  void pass_on() override;

  int from_clients();
  int from_engines();
  void submit(net::Incoming& message);
  void take_reply(net::Incoming& message);
  void engine_says(const net::Incoming& message);
  void take_slots(const net::Incoming& message);
  void forward(net::Incoming& message);
  void cancel(net::Incoming& message);
  void ask_engines(Cancel& cancel, const TaskQueue::Cancelled& found);
  void probe(const TaskEngine& engine);
  bool take_cancel_reply(const net::Incoming& message);
  void answer_cancel(const Cancel& cancel);
  void undeliverable(net::Frames&& frames);
  void arm();
  void on_timer();

  bool has_room(const net::Incoming& message);

  // task_repeat.cpp
  void engine_is_back(const net::Incoming& message);
  void repeat(const net::Incoming& message, const wire::Header& header);
  bool take_repeated(const net::Incoming& message, std::string_view id);
  void cannot_repeat(const net::Incoming& message);
  void forget_repeats(std::string_view engine);
  void answer_lost(std::string_view id, const Repeat& repeat);

  // task_journal.cpp
  bool keep(const net::Incoming& message, const wire::Header& header);
  void answer_again(const net::Incoming& message, const wire::Header& header);
  void answer_error(std::string_view client, std::string_view request, std::string_view ename,
                    const std::string& why);
  void note_reply(const Reply& reply);
  void restore_end(std::string_view id, std::string_view engine, bool ok, net::Incoming& request,
                   net::Incoming& reply);
  void restore_task(net::Incoming& message, std::string_view engine);
  bool renew(net::Incoming& message);

  net::Loop& loop_;
  net::Socket clients_;
  EngineSide engines_;
  net::TurnBatch to_clients_;  // after the engines': their work comes first
  ReplyMaker maker_;
  net::EventWriter& tap_;
  std::function<void()> catch_up_;
  TaskQueue queue_;
  const std::uint64_t most_bytes_;

  Journal* journal_ = nullptr;  // null: nothing is kept
  net::Incoming message_;
  const Reply* reply_ = nullptr;
  net::Frames outgoing_;
  wire::FieldParser header_parser_, metadata_parser_, other_parser_;
  std::map<std::string, Cancel, std::less<>> cancels_;  // by the id of our own request
  std::multimap<std::string, Repeat, std::less<>> repeats_;  // by the id of the task
  std::map<std::string, std::uint64_t, std::less<>> probes_;  // their id; runs before it
  net::Loop::TimerId timer_ = 0;
  TimePoint timer_due_ = TimePoint::max();
  net::Strangers strangers_{"task channel"};
  log::Throttle complaints_;
};

}  // namespace ipc::sched
