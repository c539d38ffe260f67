// SPDX-License-Identifier: BSD-3-Clause
// Replies are kept as they were, so many and no more.
#include "libipc/engine/sent_replies.hpp"

#include <gtest/gtest.h>

namespace ipc::engine {
namespace {

const TimePoint kStart{};

net::Frames frames(const std::vector<std::string>& texts) {
  net::Frames made;
  for (const auto& text : texts) made.emplace_back(text);
  return made;
}

std::vector<std::vector<std::string>> kept(const SentReplies& sent, TimePoint since) {
  std::vector<std::vector<std::string>> all;
  sent.each(since, [&](net::Frames& message) {
    all.emplace_back();
    for (const auto& frame : message) all.back().emplace_back(frame.view());
  });
  return all;
}

TEST(SentReplies, SmallLargeAndEmptyFramesComeBack) {
  SentReplies sent;
  const std::vector<std::string> message = {
      "id", "", std::string(100'000, 'x'), "end", std::string(8192, 'y'), std::string(8191, 'z')};
  sent.keep(frames(message), "first", kStart);
  sent.keep(frames({"second"}), "", kStart + seconds(1));
  ASSERT_EQ(kept(sent, kStart).size(), 2u);
  EXPECT_EQ(kept(sent, kStart)[0], message);
  EXPECT_EQ(kept(sent, kStart + seconds(1)), (std::vector<std::vector<std::string>>{{"second"}}));
}

TEST(SentReplies, AReplyIsFoundByItsRequest) {
  SentReplies sent;
  sent.keep(frames({"output"}), "", kStart);
  sent.keep(frames({"reply", std::string(100'000, 'x')}), "t_1", kStart);
  EXPECT_TRUE(sent.find("t_2").empty());
  const auto found = sent.find("t_1");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].view(), "reply");
  EXPECT_EQ(found[1].size(), 100'000u);
}

TEST(SentReplies, TheOldestGo) {
  SentReplies sent;
  for (size_t n = 0; n < SentReplies::kReplies + 10; ++n)
    sent.keep(frames({std::to_string(n)}), std::to_string(n), kStart);
  const auto all = kept(sent, kStart);
  ASSERT_EQ(all.size(), SentReplies::kReplies);
  EXPECT_EQ(all.front().front(), "10");
  EXPECT_EQ(sent.size(), SentReplies::kReplies);
}

TEST(SentReplies, NotManyBytesArePinned) {
  SentReplies sent;
  for (int n = 0; n < 20; ++n) sent.keep(frames({std::string(4 << 20, 'x')}), "", kStart);
  EXPECT_LE(sent.bytes(), SentReplies::kBytes + (8u << 20));
  EXPECT_GE(sent.size(), 1u);
}

TEST(SentReplies, LargeOnesAreDroppedInTime) {
  SentReplies sent;
  sent.keep(frames({"before"}), "before", kStart);
  sent.keep(frames({std::string(2 * SentReplies::kBytes, 'x')}), "large", kStart + seconds(1));
  sent.keep(frames({"after"}), "after", kStart + seconds(2));
  EXPECT_EQ(sent.size(), 1u);  // the next one has pushed both out
  sent.keep(frames({std::string(2 * SentReplies::kBytes, 'x')}), "large", kStart + seconds(3));
  sent.forget_large(kStart + seconds(3));
  EXPECT_FALSE(sent.find("large").empty());
  sent.forget_large(kStart + seconds(4));
  EXPECT_TRUE(sent.find("large").empty());
  EXPECT_EQ(sent.bytes(), 0u);
  sent.keep(frames({"small"}), "small", kStart + seconds(5));
  sent.forget_large(kStart + seconds(9));
  EXPECT_FALSE(sent.find("small").empty());
}

}  // namespace
}  // namespace ipc::engine
