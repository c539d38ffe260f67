// SPDX-License-Identifier: BSD-3-Clause
// The task queue takes over what an earlier controller left.
#include <gtest/gtest.h>

#include "tests/unit/sched/queue_fixture.hpp"

namespace ipc::sched {
namespace {

class TaskResumeTest : public TaskQueueTest {
 protected:
  void resume(const std::string& id, const std::string& engine,
              std::unique_ptr<Conditions> conditions = nullptr) {
    net::Frames frames;
    queue.resume(id, frames, std::move(conditions), engine, now, false);
  }
  // As the relay does it.
  void comes(const std::string& uuid) {
    engine(uuid);
    queue.send_resumed(uuid);
  }
};

TEST_F(TaskResumeTest, AnEngineGetsAgainWhatItHadAndNothingElseUntilItAnswers) {
  resume("t_0", "a");
  submit("t_1");
  EXPECT_TRUE(log.take().empty());
  EXPECT_TRUE(queue.is_resumed("t_0"));
  EXPECT_FALSE(queue.is_resumed("t_1"));
  comes("a");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  EXPECT_EQ(reply("b", "t_0"), TaskQueue::Verdict::drop);
  EXPECT_EQ(reply("a", "t_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run t_1@a"}));
  EXPECT_EQ(reply("a", "t_0"), TaskQueue::Verdict::drop);
}

TEST_F(TaskResumeTest, AnAnswerMayComeBeforeTheEngineIsKnown) {
  resume("t_0", "a");
  EXPECT_EQ(reply("a", "t_0"), TaskQueue::Verdict::forward);
  comes("a");
  EXPECT_TRUE(log.take().empty());
}

TEST_F(TaskResumeTest, AnotherEngineDoesNotGetIt) {
  resume("t_0", "a");
  comes("b");
  EXPECT_TRUE(log.take().empty());
  EXPECT_EQ(queue.next_deadline(), now + seconds(60));
  now += seconds(60);
  queue.expire(now);
  EXPECT_EQ(log.take(), (Lines{"fail t_0 lost@a"}));
}

TEST_F(TaskResumeTest, WithRetriesItGoesElsewhereWhenItsEngineIsGone) {
  resume("t_0", "a", std::make_unique<Conditions>(retrying(1)));
  comes("a");
  comes("b");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  queue.engine_removed("a", now);
  now += seconds(5);
  queue.expire(now);
  EXPECT_EQ(log.take(), (Lines{"run t_0@b"}));
  EXPECT_FALSE(queue.is_resumed("t_0"));
}

TEST_F(TaskResumeTest, HandedBackItIsATaskLikeOthers) {
  resume("t_0", "a");
  comes("a");
  log.take();
  hand_back("a", "t_0");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  EXPECT_FALSE(queue.is_resumed("t_0"));
}

TEST_F(TaskResumeTest, WhatHasEndedCountsForThoseThatWaitForIt) {
  queue.ended("t_0", "a", true);
  queue.ended("t_1", "", false);
  engine("b");
  submit("t_2", after({"t_0"}));
  EXPECT_EQ(log.take(), (Lines{"run t_2@b"}));
  submit("t_3", after({"t_1"}));
  EXPECT_EQ(log.take(), (Lines{"fail t_3 impossible"}));
}

TEST_F(TaskResumeTest, AnEngineThatIsBackGetsAllThatItHasNotAnswered) {
  engine("a");
  submit("t_0");
  submit("t_1");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  queue.engine_is_back("a");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  // It has perhaps begun.
  EXPECT_TRUE(queue.is_resumed("t_0"));
  EXPECT_EQ(reply("a", "t_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run t_1@a"}));
  EXPECT_FALSE(queue.is_resumed("t_1"));
  queue.engine_is_back("unknown");
  EXPECT_TRUE(log.take().empty());
}

TEST_F(TaskResumeTest, WhereATaskHasEndedIsKnownAsLongAsTheEngineIsThere) {
  engine("a");
  submit("t_0");
  EXPECT_TRUE(queue.is_live("t_0"));
  EXPECT_EQ(queue.ended_at("t_0"), nullptr);
  reply("a", "t_0");
  EXPECT_FALSE(queue.is_live("t_0"));
  ASSERT_NE(queue.ended_at("t_0"), nullptr);
  EXPECT_EQ(queue.ended_at("t_0")->uuid, "a");
  queue.engine_removed("a", now);
  EXPECT_EQ(queue.ended_at("t_0"), nullptr);
  EXPECT_EQ(queue.ended_at("t_9"), nullptr);
}

// What it waited for may be forgotten: it has begun.
TEST_F(TaskResumeTest, ItsConditionsAreNotLookedAtAgain) {
  auto conditions = std::make_unique<Conditions>(after({"forgotten"}));
  conditions->retries = 1;
  resume("t_0", "a", std::move(conditions));
  comes("a");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
}

}  // namespace
}  // namespace ipc::sched
