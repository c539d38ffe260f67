// SPDX-License-Identifier: BSD-3-Clause
// A task queue whose decisions are lines of text.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {

struct Log : TaskOutput {
  std::vector<std::string> lines;

  void run(Job& job, TaskEngine& engine) override {
    lines.push_back("run " + job.id + "@" + engine.uuid);
  }
  void recall(TaskEngine& engine) override { lines.push_back("recall " + engine.uuid); }
  void fail(Job& job, TaskFailure why, const TaskEngine* engine) override {
    const char* const names[] = {"invalid", "impossible", "timeout", "withdrawn", "lost"};
    lines.push_back(std::string("fail ") + job.id + " " + names[static_cast<int>(why)] +
                    (engine ? "@" + engine->uuid : ""));
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};

using Lines = std::vector<std::string>;

class TaskQueueTest : public ::testing::Test {
 protected:
  explicit TaskQueueTest(unsigned limit = 1) : queue(log, *make_policy("leastload"), limit) {}

  void engine(const std::string& uuid) { queue.engine_added(uuid, true, now); }

  bool submit(const std::string& id, Conditions conditions) {
    net::Frames frames;
    return queue.submit(id, frames, std::make_unique<Conditions>(std::move(conditions)), now);
  }
  bool submit(const std::string& id) {
    net::Frames frames;
    return queue.submit(id, frames, nullptr, now);
  }

  bool submit_ours(const std::string& id, std::unique_ptr<Conditions> conditions = nullptr) {
    net::Frames frames;
    return queue.submit(id, frames, std::move(conditions), now, true);
  }
  void stranger(const std::string& uuid) { queue.engine_added(uuid, false, now); }

  TaskQueue::Verdict reply(const std::string& engine, const std::string& id, bool ok = true) {
    ReplyFacts facts;
    facts.has_status = true;
    facts.ok = ok;
    return queue.reply(engine, id, facts, now);
  }
  TaskQueue::Verdict unmet(const std::string& engine, const std::string& id) {
    ReplyFacts facts;
    facts.dependencies_met = false;
    return queue.reply(engine, id, facts, now);
  }
  TaskQueue::Verdict hand_back(const std::string& engine, const std::string& id) {
    ReplyFacts facts;
    facts.aborted = true;
    facts.dependencies_met = false;
    return queue.reply(engine, id, facts, now);
  }

  static Conditions after(std::vector<std::string> ids) {
    Conditions c;
    c.after.ids = std::move(ids);
    return c;
  }
  static Conditions follow(std::vector<std::string> ids) {
    Conditions c;
    c.follow.ids = std::move(ids);
    return c;
  }
  static Conditions on(std::vector<std::string> targets) {
    Conditions c;
    c.targets = std::move(targets);
    return c;
  }
  static Conditions retrying(unsigned n) {
    Conditions c;
    c.retries = n;
    return c;
  }

  Log log;
  TaskQueue queue;
  TimePoint now{};
};

}  // namespace ipc::sched
