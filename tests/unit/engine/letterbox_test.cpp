// SPDX-License-Identifier: BSD-3-Clause
// Messages that wait: order, choice, room, what becomes of those that are not read to the end.
#include "libipc/engine/letterbox.hpp"

#include <gtest/gtest.h>

namespace ipc::engine {
namespace {

Letter letter(int from, const std::string& tag, const std::string& body,
              const std::string& id = "") {
  Letter made;
  made.from = from;
  made.tag = tag;
  made.body = net::Frame(body);
  made.request = Request::internal("message_request", R"({"msg_id": ""})", "{}");
  made.id = made.request->msg_id = id.empty() ? body : id;
  return made;
}

std::vector<std::string> ids(const std::vector<RequestPtr>& requests) {
  std::vector<std::string> all;
  for (const auto& request : requests) all.push_back(request->msg_id);
  return all;
}

using Ids = std::vector<std::string>;

TEST(Letterbox, TheFirstThatIsWanted) {
  Letterbox box;
  box.add(letter(1, "a", "one"));
  box.add(letter(2, "b", "two"));
  box.add(letter(1, "b", "three"));
  EXPECT_EQ(box.find({})->body.view(), "one");
  EXPECT_EQ(box.find({2, {}})->body.view(), "two");
  EXPECT_EQ(box.find({{}, "b"})->body.view(), "two");
  EXPECT_EQ(box.find({1, "b"})->body.view(), "three");
  EXPECT_EQ(box.find({3, {}}), nullptr);
  EXPECT_EQ(box.find({{}, ""}), nullptr);
}

TEST(Letterbox, WhatIsReadIsNobodyElsesUntilItIsPutBack) {
  Letterbox box;
  box.add(letter(1, "", "one"));
  box.find({})->reader = 7;
  EXPECT_EQ(box.find({}), nullptr);
  box.put_back(7);
  ASSERT_NE(box.find({}), nullptr);
  box.find({})->reader = 8;
  box.remove(7);  // has nothing any more
  box.remove(8);
  box.put_back(8);
  EXPECT_EQ(box.find({}), nullptr);
}

TEST(Letterbox, SendersWaitWhenThereIsNoRoom) {
  Letterbox box(10'000);
  const std::string large(20'000, 'x');
  box.add(letter(1, "", large, "first"));
  box.add(letter(1, "", "small", "second"));
  box.add(letter(2, "", "small", "third"));
  EXPECT_EQ(ids(box.accepted()), Ids{"first"});  // of any size, if there was room before
  EXPECT_EQ(ids(box.accepted()), Ids{});
  box.find({2, {}})->reader = 1;  // read all the same
  box.remove(1);
  EXPECT_EQ(ids(box.accepted()), Ids{"third"});
  box.find({})->reader = 1;
  box.remove(1);
  EXPECT_EQ(ids(box.accepted()), Ids{"second"});
  EXPECT_EQ(box.find({})->body.view(), "small");
}

TEST(Letterbox, ManySmallOnesFillItToo) {
  Letterbox box(100'000);
  size_t accepted = 0;
  for (int i = 0; i < 1000; ++i) {
    box.add(letter(1, "", "", "id"));
    accepted += box.accepted().size();
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_LT(accepted, 300u);
}

TEST(Letterbox, WhatNobodyReadsCanBeTakenBack) {
  Letterbox box(1);
  for (const char* body : {"accepted", "waits", "read"}) box.add(letter(1, body, body));
  EXPECT_EQ(ids(box.accepted()), Ids{"accepted"});
  box.find({{}, "read"})->reader = 1;
  for (const char* id : {"accepted", "waits", "read", "unknown"}) box.withdraw(id);
  EXPECT_EQ(ids(box.accepted()), (Ids{"waits", "read"}));
  EXPECT_EQ(box.discard(), 0u);
  box.put_back(1);
  EXPECT_EQ(box.discard(), 1u);
}

TEST(Letterbox, DiscardAnswersSendersAndClearHandsThemBack) {
  Letterbox box(1);
  for (const char* body : {"one", "two", "three"}) box.add(letter(1, "", body));
  EXPECT_EQ(ids(box.accepted()), Ids{"one"});
  box.find({})->reader = 1;
  EXPECT_EQ(box.discard(), 2u);  // one is being read
  EXPECT_EQ(ids(box.accepted()), (Ids{"two", "three"}));
  box.add(letter(1, "", "four"));
  EXPECT_EQ(ids(box.clear()), Ids{"four"});
  EXPECT_EQ(box.find({}), nullptr);
  box.add(letter(1, "", "five"));
  EXPECT_EQ(ids(box.accepted()), Ids{"five"});  // the room is all there again
}

}  // namespace
}  // namespace ipc::engine
