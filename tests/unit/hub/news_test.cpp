// SPDX-License-Identifier: BSD-3-Clause
// Engines that come between a client's question and its subscription.
#include "libipc/hub/news.hpp"

#include <gtest/gtest.h>

namespace ipc::hub {
namespace {

using Ids = std::vector<EngineId>;

TimePoint at(int second) {
  return TimePoint(seconds(1000 + second));
}

TEST(News, IsWhoCameSinceTheQuestion) {
  News news;
  news.came(0, at(0));
  news.asked(at(1));
  news.came(1, at(2));
  news.came(2, at(3));
  EXPECT_EQ(news.missed(at(4)), (Ids{1, 2}));
  EXPECT_EQ(news.missed(at(5)), Ids{});
}

TEST(News, OfTheSameMomentMayHaveBeenMissed) {
  News news;
  news.asked(at(1));
  news.came(0, at(1));
  EXPECT_EQ(news.missed(at(1)), Ids{0});
}

TEST(News, OfSeveralClientsTheFirstToAskIsTakenToSubscribe) {
  News news;
  news.asked(at(1));
  news.came(0, at(2));
  news.asked(at(3));
  news.came(1, at(4));
  EXPECT_EQ(news.missed(at(5)), (Ids{0, 1}));
  EXPECT_EQ(news.missed(at(6)), Ids{1});
}

TEST(News, WhoNeverSubscribesIsForgotten) {
  News news;
  news.asked(at(0));
  news.came(0, at(1));
  news.asked(at(40));
  news.came(1, at(41));
  EXPECT_EQ(news.missed(at(42)), Ids{1});
}

}  // namespace
}  // namespace ipc::hub
