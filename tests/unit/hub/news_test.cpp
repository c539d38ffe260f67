// SPDX-License-Identifier: BSD-3-Clause
// Engines that come and go between a client's question and its subscription.
#include "libipc/hub/news.hpp"

#include <gtest/gtest.h>

namespace ipc::hub {
namespace {

using Ids = std::vector<EngineId>;

TimePoint at(int second) {
  return TimePoint(seconds(1000 + second));
}

Ids missed(News& news, int second) {
  Ids ids;
  for (const auto& item : news.missed(at(second))) ids.push_back(item.id);
  return ids;
}

TEST(News, IsWhatHappenedSinceTheQuestion) {
  News news;
  news.happened(0, "a", at(0));
  news.asked(at(1));
  news.happened(1, "b", at(2));
  news.happened(2, "c", at(3));
  EXPECT_EQ(missed(news, 4), (Ids{1, 2}));
  EXPECT_EQ(missed(news, 5), Ids{});
}

TEST(News, OfTheSameMomentMayHaveBeenMissed) {
  News news;
  news.asked(at(1));
  news.happened(0, "a", at(1));
  EXPECT_EQ(missed(news, 1), Ids{0});
}

TEST(News, OfSeveralClientsTheFirstToAskIsTakenToSubscribe) {
  News news;
  news.asked(at(1));
  news.happened(0, "a", at(2));
  news.asked(at(3));
  news.happened(1, "b", at(4));
  EXPECT_EQ(missed(news, 5), (Ids{0, 1}));
  EXPECT_EQ(missed(news, 6), Ids{1});
}

TEST(News, WhoNeverSubscribesIsForgotten) {
  News news;
  news.asked(at(0));
  news.happened(0, "a", at(1));
  news.asked(at(40));
  news.happened(1, "b", at(41));
  EXPECT_EQ(missed(news, 42), Ids{1});
}

}  // namespace
}  // namespace ipc::hub
