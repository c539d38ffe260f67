// SPDX-License-Identifier: BSD-3-Clause
// When an elastic cluster asks for engines and lets them go, under a clock of our own.
#include "cmd/ipcluster/elastic.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipc::cluster {
namespace {

using Stage = ElasticEngine::Stage;
using Keys = std::vector<std::string>;

/// A cluster whose launcher does what it is told when the test says so.
struct ElasticTest : ::testing::Test {
  ElasticTest() {
    limits.max = 4;
    limits.idle_timeout = seconds(100);
  }

  /// The orders of this moment. What is requested is there as `requested` from now on, what is
  /// released leaves, what is ended has ended.
  ElasticOrders look() {
    if (!elastic) elastic.emplace(limits);
    ElasticOrders orders = elastic->decide(numbers, now);
    for (int i = 0; i < orders.request && !refuses; ++i)
      numbers.engines.push_back({"e" + std::to_string(next++), requested, false, 0});
    for (const auto& key : orders.release) engine(key).stage = Stage::leaving;
    for (const auto& keys : {orders.withdraw, orders.give_up})
      for (const auto& key : keys) end(key);
    if (orders.request > 0 && refuses) elastic->failed("sbatch: quota exceeded", now);
    return orders;
  }
  ElasticOrders after(Duration time) {
    now += time;
    return look();
  }
  ElasticEngine& engine(const std::string& key) {
    return *std::find_if(numbers.engines.begin(), numbers.engines.end(),
                         [&](const auto& engine) { return engine.key == key; });
  }
  void end(const std::string& key) {
    std::erase_if(numbers.engines, [&](const auto& engine) { return engine.key == key; });
  }
  /// All that were requested come.
  void come(bool busy = true) {
    for (auto& engine : numbers.engines)
      if (engine.stage == Stage::queued || engine.stage == Stage::starting) {
        engine.stage = Stage::ready;
        engine.busy = busy;
      }
  }
  /// So many engines that work.
  void have(int count, bool busy = true) {
    for (int i = 0; i < count; ++i)
      numbers.engines.push_back({"e" + std::to_string(next++), Stage::ready, busy, 0});
  }
  void all_idle() {
    for (auto& engine : numbers.engines) engine.busy = false;
  }

  ElasticLimits limits;
  ElasticNumbers numbers;
  std::optional<Elastic> elastic;
  TimePoint now{};
  Stage requested = Stage::starting;
  bool refuses = false;
  int next = 0;
};

TEST_F(ElasticTest, NothingToDoIsNothingDoneAndNobodyLooks) {
  const auto orders = look();
  EXPECT_EQ(orders.request, 0);
  EXPECT_EQ(orders.why, "");
  EXPECT_FALSE(orders.look_in);
}

TEST_F(ElasticTest, TasksWithoutEnginesGetThemAtOnceUpToTheLimit) {
  numbers.waiting = 40;
  const auto orders = look();
  EXPECT_EQ(orders.request, 4);
  EXPECT_EQ(orders.why, "4 engines requested: 40 tasks wait");
}

TEST_F(ElasticTest, NoMoreThanThereAreTasks) {
  numbers.waiting = 1;
  EXPECT_EQ(look().why, "1 engine requested: 1 task waits");
  EXPECT_EQ(numbers.engines.size(), 1u);
}

TEST_F(ElasticTest, WhatIsRequestedIsNotRequestedAgain) {
  requested = Stage::queued;
  numbers.waiting = 2;
  EXPECT_EQ(look().request, 2);
  EXPECT_EQ(after(seconds(1)).request, 0);
  numbers.waiting = 3;
  EXPECT_EQ(after(seconds(1)).request, 1);
  // Hours in the queue of a batch system are nothing unusual.
  EXPECT_EQ(after(std::chrono::hours(20)).request, 0);
  EXPECT_TRUE(after(seconds(1)).give_up.empty());
}

TEST_F(ElasticTest, WhileSomeWorkTasksHaveToWaitAMoment) {
  have(1);
  numbers.waiting = 2;
  const auto first = look();
  EXPECT_EQ(first.request, 0);
  EXPECT_EQ(first.look_in, seconds(1));
  EXPECT_EQ(after(milliseconds(999)).request, 0);
  EXPECT_EQ(after(milliseconds(1)).request, 2);
}

TEST_F(ElasticTest, ABurstThatIsOverRequestsNothing) {
  have(1);
  for (int i = 0; i < 10; ++i) {
    numbers.waiting = 3;
    EXPECT_EQ(after(milliseconds(600)).request, 0);
    numbers.waiting = 0;
    EXPECT_EQ(after(milliseconds(600)).request, 0);
  }
}

TEST_F(ElasticTest, TasksBesideIdleEnginesWaitForSomethingElse) {
  have(1, false);
  numbers.waiting = 9;
  EXPECT_EQ(look().request, 0);
  EXPECT_EQ(after(seconds(5)).request, 0);
  engine("e0").busy = true;
  numbers.others_idle = true;
  EXPECT_EQ(after(seconds(5)).request, 0);
  EXPECT_EQ(after(seconds(5)).request, 0);
}

TEST_F(ElasticTest, AStepAtATimeWhereTheSiteWantsThat) {
  limits.step = 1;
  numbers.waiting = 40;
  EXPECT_EQ(look().request, 1);
  EXPECT_EQ(after(seconds(2)).request, 0);
  come();
  EXPECT_EQ(look().request, 1);
}

TEST_F(ElasticTest, IdleOnesGoTheMinimumStays) {
  limits.min = 1;
  have(3, false);
  EXPECT_TRUE(look().release.empty());
  now += seconds(50);
  engine("e0").busy = true;
  look();
  engine("e0").busy = false;
  look();
  EXPECT_TRUE(after(seconds(49)).release.empty());
  const auto orders = after(seconds(1));
  EXPECT_EQ(orders.release, (Keys{"e2", "e1"}));
  EXPECT_EQ(orders.why, "2 engines released: idle for 100 s");
  end("e1");
  end("e2");
  EXPECT_TRUE(after(seconds(1000)).release.empty());
}

TEST_F(ElasticTest, WhatWorkedBetweenTwoLooksWasNotIdle) {
  have(1, false);
  look();
  now += seconds(60);
  engine("e0").done = 7;
  look();
  EXPECT_TRUE(after(seconds(60)).release.empty());
  EXPECT_EQ(after(seconds(40)).release, (Keys{"e0"}));
}

TEST_F(ElasticTest, IdlenessIsSeenInTime) {
  limits.idle_timeout = seconds(2);
  have(1, false);
  const auto orders = look();
  ASSERT_TRUE(orders.look_in);
  EXPECT_LE(*orders.look_in, milliseconds(500));
}

TEST_F(ElasticTest, WhoLeavesTakesAPlaceButIsNotThere) {
  limits.idle_timeout = seconds(10);
  have(4, false);
  look();
  EXPECT_EQ(after(seconds(10)).release.size(), 4u);
  numbers.waiting = 9;
  EXPECT_EQ(look().request, 0);
  end("e3");
  EXPECT_EQ(after(seconds(1)).request, 1);
}

TEST_F(ElasticTest, LostEnginesOfTheMinimumAreReplaced) {
  limits.min = 2;
  have(2);
  EXPECT_EQ(look().request, 0);
  end("e0");
  const auto orders = after(seconds(1));
  EXPECT_EQ(orders.request, 1);
  EXPECT_EQ(orders.why, "1 engine requested: at least 2 are wanted");
}

TEST_F(ElasticTest, ARefusalIsNotRepeatedMadly) {
  refuses = true;
  numbers.waiting = 40;
  std::vector<long> when;
  for (int second = 0; second < 4000; ++second, now += seconds(1))
    if (look().request > 0) when.push_back(second);
  EXPECT_EQ(when, (std::vector<long>{0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630}));
  EXPECT_EQ(elastic->trouble(), "sbatch: quota exceeded");
  // It works again: all is as at first.
  refuses = false;
  EXPECT_EQ(after(std::chrono::minutes(10)).request, 4);
  come();
  look();
  EXPECT_EQ(elastic->trouble(), "");
  EXPECT_EQ(elastic->pause(now), Duration(0));
}

TEST_F(ElasticTest, TheNextTryIsInTime) {
  refuses = true;
  numbers.waiting = 1;
  look();
  EXPECT_EQ(look().look_in, seconds(10));
  EXPECT_EQ(after(seconds(4)).look_in, seconds(6));
}

TEST_F(ElasticTest, OneThatNeverComesIsEndedAndAskedForAgain) {
  numbers.waiting = 1;
  EXPECT_EQ(look().request, 1);
  look();
  EXPECT_TRUE(after(seconds(59)).give_up.empty());
  const auto late = after(seconds(1));
  EXPECT_EQ(late.give_up, (Keys{"e0"}));
  EXPECT_EQ(late.request, 0);
  EXPECT_EQ(late.why, "1 requested engine not there after 60 s");
  EXPECT_EQ(elastic->trouble(), late.why);
  EXPECT_EQ(after(seconds(9)).request, 0);
  EXPECT_EQ(after(seconds(1)).request, 1);
  // And again, with a longer pause.
  look();
  EXPECT_EQ(after(seconds(60)).give_up, (Keys{"e1"}));
  EXPECT_EQ(after(seconds(19)).request, 0);
  EXPECT_EQ(after(seconds(1)).request, 1);
}

TEST_F(ElasticTest, TheTimeToStartBeginsWhenTheQueueIsLeft) {
  requested = Stage::queued;
  numbers.waiting = 1;
  look();
  now += std::chrono::hours(1);
  engine("e0").stage = Stage::starting;
  EXPECT_TRUE(look().give_up.empty());
  EXPECT_EQ(after(seconds(60)).give_up, (Keys{"e0"}));
}

TEST_F(ElasticTest, SeveralThatFailTogetherAreOneFailure) {
  numbers.waiting = 4;
  look();
  for (const char* key : {"e0", "e1", "e2", "e3"}) {
    end(key);
    elastic->failed("ended, exit status 3", now);
  }
  EXPECT_EQ(elastic->pause(now), seconds(10));
}

TEST_F(ElasticTest, RequestsThatNobodyNeedsAreWithdrawn) {
  requested = Stage::queued;
  limits.min = 1;
  have(1);
  numbers.waiting = 5;
  look();
  EXPECT_EQ(after(seconds(1)).request, 3);
  numbers.waiting = 0;
  EXPECT_TRUE(after(seconds(1)).withdraw.empty());
  EXPECT_TRUE(after(seconds(99)).withdraw.empty());
  const auto orders = after(seconds(1));
  EXPECT_EQ(orders.withdraw, (Keys{"e3", "e2", "e1"}));
  EXPECT_EQ(orders.why, "3 requests withdrawn: no task has waited for 100 s");
}

TEST_F(ElasticTest, OneTaskThatComesKeepsTheRequests) {
  requested = Stage::queued;
  numbers.waiting = 5;
  look();
  numbers.waiting = 0;
  after(seconds(90));
  numbers.waiting = 1;
  after(seconds(1));
  numbers.waiting = 0;
  EXPECT_TRUE(after(seconds(50)).withdraw.empty());
}

// A graph of tasks: few can run, all others wait for them.
TEST_F(ElasticTest, TasksThatNoEngineTakesDoNotHaveThemComeAndGo) {
  limits.max = 100;
  have(1);
  numbers.waiting = 1000;
  look();
  EXPECT_EQ(after(seconds(1)).request, 99);
  come(false);
  look();
  EXPECT_EQ(after(seconds(100)).release.size(), 99u);
  std::erase_if(numbers.engines, [](const auto& e) { return e.stage == Stage::leaving; });
  // The next time it is tried with one, and with more only if that one has work.
  look();
  EXPECT_EQ(after(seconds(1)).request, 1);
  come(false);
  EXPECT_EQ(after(seconds(1)).request, 0);
  all_idle();
  engine("e0").busy = true;
  numbers.engines.back().busy = true;
  look();
  EXPECT_EQ(after(seconds(1)).request, 2);
  come();
  EXPECT_EQ(look().request, 4);
}

TEST_F(ElasticTest, OneThatIsLostAndComesBackIsTheSame) {
  limits.min = 1;
  have(1);
  look();
  engine("e0").stage = Stage::starting;
  EXPECT_EQ(after(seconds(30)).request, 0);
  engine("e0").stage = Stage::ready;
  EXPECT_EQ(after(seconds(40)).request, 0);
  EXPECT_EQ(elastic->trouble(), "");
}

}  // namespace
}  // namespace ipc::cluster
