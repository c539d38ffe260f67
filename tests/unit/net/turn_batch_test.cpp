// SPDX-License-Identifier: BSD-3-Clause
// Messages of a turn leave at its end, in order, and not too many of them wait.
#include "libipc/net/turn_batch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ipc::net {
namespace {

struct Sent {
  std::vector<std::string> texts;
  std::function<void(const std::string&)> also;
  void operator()(Frames& frames) {
    texts.emplace_back(frames.at(0).view());
    frames.clear();
    if (also) also(texts.back());
  }
};

void add(TurnBatch& batch, const std::string& text) {
  Frames frames;
  frames.emplace_back(text);
  batch.add(frames);
  EXPECT_TRUE(frames.empty());
}

TEST(TurnBatchTest, SendsInOrderWhenTheTurnEnds) {
  Loop loop;
  Sent sent;
  TurnBatch batch(loop, std::ref(sent));
  loop.after(Duration{0}, [&] {
    add(batch, "a");
    add(batch, "b");
    EXPECT_TRUE(sent.texts.empty());
  });
  EXPECT_TRUE(loop.turn(seconds(5)));
  EXPECT_EQ(sent.texts, (std::vector<std::string>{"a", "b"}));
}

TEST(TurnBatchTest, ManyDoNotWaitForTheEnd) {
  Loop loop;
  Sent sent;
  TurnBatch batch(loop, std::ref(sent));
  for (int i = 0; i < 100; ++i) add(batch, std::to_string(i));
  EXPECT_GE(sent.texts.size(), 64u);
  batch.flush();
  ASSERT_EQ(sent.texts.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sent.texts[static_cast<size_t>(i)], std::to_string(i));
}

TEST(TurnBatchTest, SendingMayAddMore) {
  Loop loop;
  Sent sent;
  TurnBatch batch(loop, std::ref(sent));
  sent.also = [&](const std::string& text) {
    if (text.size() < 50) add(batch, text + "x");
  };
  add(batch, "x");
  batch.flush();
  EXPECT_EQ(sent.texts.size(), 50u);
}

TEST(TurnBatchTest, MayWaitForLaterTurns) {
  Loop loop;
  Sent sent;
  bool may_wait = true;
  TurnBatch batch(loop, std::ref(sent), [&] { return may_wait; });
  loop.after(Duration{0}, [&] { add(batch, "a"); });
  EXPECT_TRUE(loop.turn(seconds(5)));
  EXPECT_TRUE(sent.texts.empty());
  may_wait = false;
  loop.after(Duration{0}, [&] { add(batch, "b"); });
  EXPECT_TRUE(loop.turn(seconds(5)));
  EXPECT_EQ(sent.texts, (std::vector<std::string>{"a", "b"}));
}

TEST(TurnBatchTest, WaitsForNoOtherTurnForLong) {
  Loop loop;
  Sent sent;
  TurnBatch batch(loop, std::ref(sent), [] { return true; });
  loop.after(Duration{0}, [&] { add(batch, "a"); });
  EXPECT_TRUE(loop.turn(seconds(5)));
  EXPECT_TRUE(loop.turn(seconds(5)));  // its own timer's
  EXPECT_EQ(sent.texts, (std::vector<std::string>{"a"}));
}

TEST(TurnBatchTest, TheRestIsSentWhenItEnds) {
  Loop loop;
  Sent sent;
  {
    TurnBatch batch(loop, std::ref(sent));
    add(batch, "last");
  }
  EXPECT_EQ(sent.texts, (std::vector<std::string>{"last"}));
  loop.after(Duration{0}, [] {});
  EXPECT_TRUE(loop.turn(seconds(5)));  // and the loop no longer knows it
}

}  // namespace
}  // namespace ipc::net
