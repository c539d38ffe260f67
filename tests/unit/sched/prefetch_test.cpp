// SPDX-License-Identifier: BSD-3-Clause
// How many tasks an engine holds, and what becomes of those it has not begun.
#include <gtest/gtest.h>

#include "tests/unit/sched/queue_fixture.hpp"

namespace ipc::sched {
namespace {

class PaceTest : public ::testing::Test {
 protected:
  /// `count` answers, `each` after the one before.
  void answers(int count, Duration each) {
    for (int i = 0; i < count; ++i) pace.answer(now += each);
  }
  Pace pace;
  TimePoint now{};
};

TEST_F(PaceTest, ANewEngineGetsOneAtATime) {
  pace.begin(now);
  answers(7, microseconds(200));
  EXPECT_EQ(pace.limit(), 1u);
}

TEST_F(PaceTest, HoldsWhatItWorksOffInFiveMilliseconds) {
  pace.begin(now);
  answers(8, microseconds(500));
  EXPECT_EQ(pace.limit(), 10u);
  answers(5, milliseconds(1));
  EXPECT_EQ(pace.limit(), 5u);
  answers(1, milliseconds(6));
  EXPECT_EQ(pace.limit(), 1u);
}

TEST_F(PaceTest, HasALimit) {
  pace.begin(now);
  answers(200, microseconds(10));
  EXPECT_EQ(pace.limit(), Pace::kMost);
}

TEST_F(PaceTest, AnswersInBatchesAreNotFasterThanTheyAre) {
  pace.begin(now);
  answers(1, microseconds(900));
  answers(20, microseconds(0));
  EXPECT_EQ(pace.limit(), 1u);  // too short a while to tell
  answers(1, microseconds(1300));
  EXPECT_EQ(pace.limit(), 50u);
}

TEST_F(PaceTest, TimeWithoutWorkDoesNotCount) {
  for (int i = 0; i < 8; ++i) {
    pace.begin(now += seconds(1));
    answers(1, microseconds(500));
  }
  EXPECT_EQ(pace.limit(), 10u);
}

class PrefetchTest : public TaskQueueTest {
 protected:
  PrefetchTest() : TaskQueueTest(kByPace) {}

  /// Engine "a" answers short tasks until it may hold ten.
  void warm_up() {
    engine("a");
    for (int i = 0; i < 8; ++i) {
      const std::string id = "w_" + std::to_string(i);
      submit(id);
      now += microseconds(500);
      reply("a", id);
    }
    log.take();
  }
  void submit_many(int count) {
    for (int i = 0; i < count; ++i) submit("s_" + std::to_string(i));
  }
};

TEST_F(PrefetchTest, FollowsThePace) {
  warm_up();
  submit_many(12);
  EXPECT_EQ(log.take().size(), 10u);
  EXPECT_EQ(queue.waiting(), 2u);
  now += milliseconds(30);
  reply("a", "s_0");
  EXPECT_EQ(queue.find_engine("a")->limit, 1u);
  EXPECT_TRUE(log.take().empty());  // it holds nine still
}

TEST_F(PrefetchTest, OneAtATimeForEnginesThatAreNotOurs) {
  stranger("a");
  for (int i = 0; i < 20; ++i) {
    const std::string id = "w_" + std::to_string(i);
    submit(id);
    now += microseconds(100);
    reply("a", id);
  }
  log.take();
  submit_many(3);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a"}));
}

TEST_F(PrefetchTest, WhatWaitsBehindALongTaskRunsElsewhere) {
  warm_up();
  submit_many(4);
  EXPECT_EQ(log.take().size(), 4u);
  EXPECT_EQ(queue.next_deadline(), now + Pace::kStall);
  now += Pace::kStall;
  queue.expire(now);
  EXPECT_EQ(log.take(), (Lines{"recall a"}));
  engine("b");
  EXPECT_EQ(hand_back("a", "s_1"), TaskQueue::Verdict::rerun);
  EXPECT_EQ(hand_back("a", "s_2"), TaskQueue::Verdict::rerun);
  EXPECT_EQ(hand_back("a", "s_3"), TaskQueue::Verdict::rerun);
  EXPECT_EQ(log.take(), (Lines{"run s_1@b"}));
  EXPECT_EQ(reply("b", "s_1"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_2@b"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_3@a"}));
}

TEST_F(PrefetchTest, AnEngineIsAskedOncePerStall) {
  warm_up();
  submit_many(3);
  log.take();
  queue.expire(now += Pace::kStall);
  EXPECT_EQ(log.take(), (Lines{"recall a"}));
  queue.expire(now += Pace::kStall);
  EXPECT_TRUE(log.take().empty());
  reply("a", "s_0");  // the others had begun, or are on their way
  queue.expire(now += Pace::kStall);
  EXPECT_EQ(log.take(), (Lines{"recall a"}));
}

TEST_F(PrefetchTest, NobodyIsAskedWhileAnswersCome) {
  warm_up();
  submit_many(10);
  log.take();
  for (int i = 0; i < 8; ++i) {
    now += milliseconds(19);
    reply("a", "s_" + std::to_string(i));
    if (queue.next_deadline() <= now) queue.expire(now);
  }
  EXPECT_TRUE(log.take().empty());
  reply("a", "s_8");
  reply("a", "s_9");
  queue.expire(now += Pace::kStall);
  EXPECT_EQ(queue.next_deadline(), TimePoint::max());
}

TEST_F(PrefetchTest, WhatAKilledEngineHadNotBegunRunsElsewhere) {
  warm_up();
  submit_many(4);
  log.take();
  queue.engine_removed("a", now);
  queue.engine_had_begun("a", "s_1", now);
  EXPECT_EQ(queue.waiting(), 2u);
  engine("b");
  EXPECT_EQ(log.take(), (Lines{"run s_2@b"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);  // it was on its way
  queue.expire(now += seconds(5));
  EXPECT_EQ(log.take(), (Lines{"fail s_1 lost@a"}));
}

TEST_F(PrefetchTest, AllOfItIfTheLastOneBegunIsAnswered) {
  warm_up();
  submit_many(3);
  reply("a", "s_0");
  log.take();
  queue.engine_removed("a", now);
  queue.engine_had_begun("a", "s_0", now);
  EXPECT_EQ(queue.waiting(), 2u);
  queue.expire(now += seconds(5));
  EXPECT_TRUE(log.take().empty());
}

TEST_F(PrefetchTest, WhatWasCancelledIsNotTakenBackFromAKilledEngine) {
  warm_up();
  submit_many(2);
  queue.cancel({"s_1"}, now);
  log.take();
  queue.engine_removed("a", now);
  queue.engine_had_begun("a", "s_0", now);
  queue.expire(now += seconds(5));
  EXPECT_EQ(log.take(), (Lines{"fail s_0 lost@a", "fail s_1 lost@a"}));
}

TEST_F(PrefetchTest, WhatNeverLeftForItsEngineRunsElsewhere) {
  engine("a");
  submit("s_0", retrying(1));
  log.take();
  queue.engine_removed("a", now);
  queue.undeliverable("s_0", now);
  EXPECT_EQ(queue.waiting(), 1u);
  engine("b");
  EXPECT_EQ(log.take(), (Lines{"run s_0@b"}));
  EXPECT_EQ(reply("b", "s_0", false), TaskQueue::Verdict::rerun);  // its retry is still there
  queue.cancel({"s_0"}, now);
  queue.undeliverable("s_0", now);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST_F(PrefetchTest, AnEngineThatIsThereHasBegunWhatItHas) {
  warm_up();
  submit_many(2);
  log.take();
  queue.engine_had_begun("a", "", now);
  queue.engine_had_begun("nobody", "", now);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST_F(PrefetchTest, AnEngineThatRunsSeveralGetsAsMany) {
  queue.engine_slots("a", 3, now);  // before it is there
  engine("a");
  submit_many(5);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a", "run s_1@a", "run s_2@a"}));
  queue.expire(now += Pace::kStall);
  EXPECT_TRUE(log.take().empty());  // it runs them, nothing waits behind
  EXPECT_EQ(reply("a", "s_1"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_3@a"}));
  queue.engine_slots("a", 4, now);
  EXPECT_EQ(log.take(), (Lines{"run s_4@a"}));
}

TEST_F(PrefetchTest, WithoutSlotsItGetsNothingUntilItHasSome) {
  engine("a");
  queue.engine_slots("a", 2, now);
  submit_many(3);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a", "run s_1@a"}));
  queue.engine_slots("a", 0, now);
  EXPECT_EQ(hand_back("a", "s_1"), TaskQueue::Verdict::rerun);
  EXPECT_TRUE(log.take().empty());
  reply("a", "s_0");
  EXPECT_TRUE(log.take().empty());
  EXPECT_EQ(queue.waiting(), 2u);
  queue.engine_slots("a", 1, now);
  EXPECT_EQ(log.take(), (Lines{"run s_1@a"}));
}

// The last it was given may be answered while others run.
TEST_F(PrefetchTest, WhatItHadIsNotTakenForUnbegunWhenItDies) {
  engine("a");
  queue.engine_slots("a", 2, now);
  submit_many(2);
  reply("a", "s_1");
  log.take();
  engine("b");
  queue.engine_removed("a", now);
  queue.engine_had_begun("a", "s_1", now);
  EXPECT_TRUE(log.take().empty());
  queue.expire(now += seconds(5));
  EXPECT_EQ(log.take(), (Lines{"fail s_0 lost@a"}));
}

TEST_F(TaskQueueTest, ALimitCountsForEachSlot) {
  engine("a");
  queue.engine_slots("a", 2, now);
  for (const char* id : {"x", "y", "z"}) submit(id);
  EXPECT_EQ(log.take(), (Lines{"run x@a", "run y@a"}));
}

}  // namespace
}  // namespace ipc::sched
