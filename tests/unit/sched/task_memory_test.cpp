// SPDX-License-Identifier: BSD-3-Clause
// Tasks that wait in great numbers: their messages come out as they went in, and cost little more
// than their bytes.
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {
namespace {

using Texts = std::vector<std::string>;

constexpr int kMany = 3000;  // more than are kept as they come

struct Seen : TaskOutput {
  std::map<std::string, Texts> run_, failed_;

  static Texts texts(const Job& job) {
    Texts texts;
    for (const auto& frame : job.frames) texts.emplace_back(frame.view());
    return texts;
  }
  void run(Job& job, TaskEngine&) override { run_[job.id] = texts(job); }
  void fail(Job& job, TaskFailure, const TaskEngine*) override { failed_[job.id] = texts(job); }
};

std::string id(int i) {
  return "d0c1b7a2-5e9f4c3d8a6b7c1e_4711_" + std::to_string(i);
}

// A client's name, and a message as clients send it; now and then one with a large buffer.
Texts message(int i) {
  Texts texts{std::string("\0abcd", 5),
              "<IDS|MSG>",
              std::string(64, 'f'),
              std::string(170, 'h') + std::to_string(i),
              "{}",
              std::string(70, 'm'),
              std::string(60, 'c')};
  if (i % 7 == 0) texts.insert(texts.end(), {"", std::string(300, '\0')});
  if (i % 100 == 0) texts.push_back(std::string(10000, 'x'));
  return texts;
}

void submit(TaskQueue& queue, int i, const Texts& texts) {
  net::Frames frames;
  frames.reserve(12);  // as one that is received
  for (const auto& text : texts) frames.emplace_back(text);
  ASSERT_TRUE(queue.submit(id(i), frames, nullptr, {}));
}

TEST(TaskMemory, WhatWaitedIsAsItCame) {
  Seen seen;
  TaskQueue queue(seen, *make_policy("leastload"), 0);
  for (int i = 0; i < kMany; ++i) submit(queue, i, message(i));
  std::size_t bytes = 0;
  for (int i = 0; i < kMany; ++i)
    for (const auto& text : message(i)) bytes += text.size();
  EXPECT_EQ(queue.bytes(), bytes);
  queue.cancel({id(0), id(kMany - 1)}, {});
  ASSERT_EQ(seen.failed_.size(), 2u);
  EXPECT_EQ(seen.failed_[id(0)], message(0));
  EXPECT_EQ(seen.failed_[id(kMany - 1)], message(kMany - 1));
  queue.engine_added("engine", true, {});
  ASSERT_EQ(seen.run_.size(), kMany - 2u);
  for (int i = 1; i < kMany - 1; ++i) ASSERT_EQ(seen.run_[id(i)], message(i)) << i;
}

TEST(TaskMemory, WaitsAgainAndIsAsItCame) {
  Seen seen;
  TaskQueue queue(seen, *make_policy("leastload"), 1);
  for (int i = 0; i < kMany; ++i) submit(queue, i, message(i));
  queue.engine_added("engine", true, {});
  ReplyFacts handed_back;
  handed_back.has_status = handed_back.aborted = true;
  handed_back.dependencies_met = false;
  ASSERT_EQ(queue.reply("engine", id(0), handed_back, {}), TaskQueue::Verdict::rerun);
  seen.run_.clear();
  ReplyFacts done;
  done.has_status = done.ok = true;
  for (int i = 0; i < kMany; ++i)
    ASSERT_EQ(queue.reply("engine", id(i), done, {}), TaskQueue::Verdict::forward) << i;
  for (int i = 1; i < kMany; ++i) ASSERT_EQ(seen.run_[id(i)], message(i)) << i;
  EXPECT_EQ(queue.bytes(), 0u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(TaskMemory, LittleBesideTheMessage) {
  constexpr int kTasks = 50000;
  Seen seen;
  TaskQueue queue(seen, *make_policy("leastload"), 1);
  const Texts texts = message(1);
  size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  const size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < kTasks; ++i) submit(queue, i, texts);
  const size_t each = (::mallinfo2().uordblks - before) / kTasks;
  RecordProperty("bytes", static_cast<int>(each - bytes));
  EXPECT_LT(each, bytes + 500);
}
#endif

}  // namespace
}  // namespace ipc::sched
