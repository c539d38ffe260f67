// SPDX-License-Identifier: BSD-3-Clause
// Registry and heart monitor: who is there, who beats.
#include "libipc/hub/registry.hpp"

#include <gtest/gtest.h>

#include <set>

#include "libipc/hub/heart_monitor.hpp"

namespace ipc::hub {
namespace {

TEST(Registry, AnEngineIsThereFromItsFirstHeartbeatOn) {
  Registry registry;
  EXPECT_EQ(*registry.request("a", {}, nullptr, {}), 0);
  EXPECT_EQ(registry.pending(), 1u);
  EXPECT_EQ(registry.find("a"), nullptr);
  EXPECT_EQ(registry.admit("unknown"), nullptr);
  ASSERT_NE(registry.admit("a"), nullptr);
  EXPECT_EQ(registry.admit("a"), nullptr);
  EXPECT_EQ(registry.find("a")->id, 0);
  EXPECT_EQ(registry.pending(), 0u);
}

TEST(Registry, GrantsFreeIdsAndNeverUsesOneTwice) {
  Registry registry;
  EXPECT_EQ(*registry.request("a", 5, nullptr, {}), 5);
  EXPECT_EQ(*registry.request("b", 5, nullptr, {}), 6);  // taken by a pending one
  registry.admit("a");
  EXPECT_EQ(*registry.request("c", 5, nullptr, {}), 7);
  EXPECT_EQ(*registry.request("d", 2, nullptr, {}), 2);
  registry.remove(5, "left", 0);
  EXPECT_EQ(*registry.request("e", {}, nullptr, {}), 8);
}

TEST(Registry, RefusesAUuidInUseAndSpendsAnId) {
  Registry registry;
  ASSERT_TRUE(registry.request("a", {}, nullptr, {}));
  const auto again = registry.request("a", {}, nullptr, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().what, "uuid 'a' in use");
  EXPECT_EQ(*registry.request("b", {}, nullptr, {}), 2);
}

TEST(Registry, ForgetsStalledRegistrations) {
  Registry registry;
  TimePoint now{};
  ASSERT_TRUE(registry.request("a", {}, nullptr, now));
  EXPECT_TRUE(registry.drop_stalled(now + seconds(30), seconds(30)).empty());
  EXPECT_EQ(registry.drop_stalled(now + seconds(31), seconds(30)), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(registry.request("a", {}, nullptr, now));
  EXPECT_EQ(registry.drop_pending(1), "a");
  EXPECT_EQ(registry.drop_pending(1), std::nullopt);
}

TEST(Registry, APendingEngineThatAsksAgainIsTheSame) {
  Registry registry;
  TimePoint now{};
  EXPECT_EQ(registry.renew_pending("a", now), std::nullopt);
  ASSERT_EQ(*registry.request("a", 3, nullptr, now), 3);
  EXPECT_EQ(registry.renew_pending("a", now + seconds(20)), 3);
  EXPECT_TRUE(registry.drop_stalled(now + seconds(40), seconds(30)).empty());
  registry.admit("a");
  EXPECT_EQ(registry.renew_pending("a", now), std::nullopt);
}

TEST(Registry, RemembersWhoLeft) {
  Registry registry;
  ASSERT_TRUE(registry.request("a", {}, nullptr, {}));
  registry.admit("a");
  EXPECT_TRUE(registry.remove(0, "heartbeats stopped", 7));
  EXPECT_FALSE(registry.remove(0, "left", 8));
  ASSERT_EQ(registry.gone().size(), 1u);
  EXPECT_EQ(registry.gone()[0].why, "heartbeats stopped");
  EXPECT_TRUE(registry.had("a"));
  EXPECT_FALSE(registry.had("b"));
}

TEST(Registry, TakesOverEngines) {
  Registry registry;
  EXPECT_NE(registry.restore(3, "a", {{"prefetch", 8}}), nullptr);
  EXPECT_EQ(registry.restore(3, "b", nullptr), nullptr);
  EXPECT_EQ(registry.restore(4, "a", nullptr), nullptr);
  EXPECT_EQ(registry.next_id(), 4);
  EXPECT_EQ(registry.find(3)->facts["prefetch"], 8);
}

class HeartMonitorTest : public ::testing::Test {
 protected:
  std::vector<std::string> beat() {
    std::vector<std::string> stopped;
    now += seconds(3);
    payload = monitor.beat(now, stopped);
    return stopped;
  }

  HeartMonitor monitor{2};
  TimePoint now = Clock::now();
  std::string payload;
};

TEST_F(HeartMonitorTest, TheFirstPongIsNews) {
  monitor.watch("a");
  EXPECT_TRUE(monitor.is_expecting());
  const std::string extra = monitor.extra_beat(now);
  EXPECT_EQ(monitor.pong("a", "made up"), HeartMonitor::Pong::ignored);
  EXPECT_EQ(monitor.pong("b", extra), HeartMonitor::Pong::ignored);
  EXPECT_EQ(monitor.pong("a", extra), HeartMonitor::Pong::first);
  EXPECT_EQ(monitor.pong("a", extra), HeartMonitor::Pong::known);
  EXPECT_FALSE(monitor.is_expecting());
}

TEST_F(HeartMonitorTest, StopsAfterMoreMissesThanAllowed) {
  monitor.watch("a");
  beat();
  monitor.pong("a", payload);
  EXPECT_TRUE(beat().empty());  // answered
  EXPECT_TRUE(beat().empty());  // 1
  EXPECT_TRUE(beat().empty());  // 2
  EXPECT_EQ(beat(), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(beat().empty());
}

TEST_F(HeartMonitorTest, ALatePongCountsAnOlderOneDoesNot) {
  monitor.keep("a");
  beat();
  const std::string first = payload;
  beat();
  EXPECT_EQ(monitor.pong("a", first), HeartMonitor::Pong::known);
  beat();
  EXPECT_EQ(monitor.pong("a", first), HeartMonitor::Pong::ignored);
}

TEST_F(HeartMonitorTest, ExtraBeatsDoNotJudge) {
  monitor.keep("a");
  for (int i = 0; i < 100; ++i) monitor.extra_beat(now += milliseconds(10));
  EXPECT_TRUE(beat().empty());
}

// A day at the usual three seconds. One engine always answers, one is late by a beat each time, one
// sleeps for as long as is allowed, again and again, and one dies in the last hour.
TEST_F(HeartMonitorTest, ADayOfBeats) {
  constexpr int kDay = 24 * 3600 / 3, kDeath = kDay - 1000, kAllowed = 2;
  for (const char* engine : {"always", "late", "sleepy", "mortal"}) monitor.keep(engine);
  std::string last;
  std::set<std::string> payloads;
  for (int i = 0; i < kDay; ++i) {
    const auto stopped = beat();
    if (i == kDeath + kAllowed + 1)
      ASSERT_EQ(stopped, std::vector<std::string>{"mortal"}) << i;
    else
      ASSERT_TRUE(stopped.empty()) << stopped[0] << " at " << i;
    ASSERT_TRUE(payloads.insert(payload).second) << payload;
    monitor.pong("always", payload);
    if (!last.empty()) monitor.pong("late", last);
    if (i % (kAllowed + 1) == 0) monitor.pong("sleepy", payload);
    if (i < kDeath) monitor.pong("mortal", payload);
    // An engine that comes makes extra beats, which judge nobody.
    if (i % 100 == 0) monitor.watch("new"), monitor.extra_beat(now), monitor.forget("new");
    last = payload;
  }
  EXPECT_EQ(monitor.size(), 3u);
  EXPECT_FALSE(monitor.is_expecting());
}

TEST_F(HeartMonitorTest, PayloadsDiffer) {
  EXPECT_NE(monitor.extra_beat(now), monitor.extra_beat(now));
}

}  // namespace
}  // namespace ipc::hub
