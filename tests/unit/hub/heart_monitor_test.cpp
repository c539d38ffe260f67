// SPDX-License-Identifier: BSD-3-Clause
// A day of heartbeats under a clock of its own.
#include "libipc/hub/heart_monitor.hpp"

#include <gtest/gtest.h>

namespace ipc::hub {
namespace {

using Names = std::vector<std::string>;

class HeartMonitorTest : public ::testing::Test {
 protected:
  static constexpr unsigned kMisses = 10;
  static constexpr int kDay = 24 * 60 * 60 / 3;  // beats of three seconds

  /// The next regular beat: its payload; those that stopped are in `stopped`.
  std::string beat() {
    stopped.clear();
    now += seconds(3);
    return monitor.beat(now, stopped);
  }

  TimePoint now = Clock::now();
  HeartMonitor monitor{kMisses};
  Names stopped;
};

TEST_F(HeartMonitorTest, ADayLongEveryHeartIsHeardAndNoneIsGivenUp) {
  Names engines;
  for (int i = 0; i < 50; ++i) {
    engines.push_back("engine-" + std::to_string(i));
    monitor.watch(engines.back());
  }
  std::string before, payload = beat();
  for (const auto& engine : engines)
    ASSERT_EQ(monitor.pong(engine, payload), HeartMonitor::Pong::first);
  for (int i = 0; i < kDay; ++i) {
    before = std::exchange(payload, beat());
    ASSERT_TRUE(stopped.empty()) << stopped[0] << " after " << i << " beats";
    ASSERT_NE(payload, before);
    // Every third one is a beat late, which is early enough.
    for (std::size_t n = 0; n < engines.size(); ++n)
      ASSERT_EQ(monitor.pong(engines[n], n % 3 == 0 ? before : payload), HeartMonitor::Pong::known);
  }
  EXPECT_EQ(monitor.size(), engines.size());
}

TEST_F(HeartMonitorTest, AfterADayASilentOneIsGivenUpWhenItHasMissedTooMany) {
  monitor.keep("a");
  monitor.keep("b");
  for (int i = 0; i < kDay; ++i) {
    const std::string payload = beat();
    monitor.pong("a", payload);
    monitor.pong("b", payload);
  }
  for (unsigned missed = 0; missed <= kMisses; ++missed) {
    monitor.pong("a", beat());
    ASSERT_TRUE(stopped.empty()) << missed;
  }
  monitor.pong("a", beat());
  EXPECT_EQ(stopped, Names{"b"});
  EXPECT_EQ(monitor.pong("b", beat()), HeartMonitor::Pong::ignored);
  EXPECT_EQ(monitor.size(), 1u);
}

TEST_F(HeartMonitorTest, AnAnswerToAnOldBeatIsNone) {
  monitor.keep("a");
  const std::string first = beat();
  beat();
  EXPECT_EQ(monitor.pong("a", first), HeartMonitor::Pong::known);
  beat();
  EXPECT_EQ(monitor.pong("a", first), HeartMonitor::Pong::ignored);
  EXPECT_EQ(monitor.pong("a", "4711.5"), HeartMonitor::Pong::ignored);
}

TEST_F(HeartMonitorTest, TwoBeatsOfTheSameMomentDiffer) {
  monitor.watch("a");
  const std::string first = monitor.extra_beat(now), second = monitor.extra_beat(now);
  EXPECT_NE(first, second);
  EXPECT_TRUE(monitor.is_expecting());
  EXPECT_EQ(monitor.pong("a", second), HeartMonitor::Pong::first);
  EXPECT_FALSE(monitor.is_expecting());
}

}  // namespace
}  // namespace ipc::hub
