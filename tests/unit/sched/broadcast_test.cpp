// SPDX-License-Identifier: BSD-3-Clause
// Broadcasts: reading the request, order of the targets, the one coalesced reply.
#include "libipc/sched/broadcast.hpp"

#include <gtest/gtest.h>

namespace ipc::sched {
namespace {

using wire::Json;

Broadcasts::Open opened(bool coalescing) {
  const auto request = read_broadcast(
      "m_0", R"({"targets": [["u0", 0], ["u1", 1], ["u2", 2]], "is_broadcast": true})", 2);
  Broadcasts::Open open;
  open.client = "C";
  open.original_id = request->original_id;
  open.coalescing = coalescing;
  open.targets = request->targets;
  return open;
}

BroadcastReply reply_with(std::string_view buffer, std::string content) {
  BroadcastReply reply;
  reply.metadata = R"({"status": "x"})";
  reply.content = std::move(content);
  if (!buffer.empty()) reply.buffers.emplace_back(buffer);
  return reply;
}

TEST(Broadcast, ReadsTargetsByLeaf) {
  const auto request = read_broadcast(
      "m_0", R"({"targets": [["u1", 1], ["u0", 0], ["u3", 3], ["u2", 2]], "is_coalescing": true})",
      2);
  ASSERT_TRUE(request);
  std::vector<std::string> order;
  for (const auto& target : request->targets) order.push_back(target.uuid);
  EXPECT_EQ(order, (std::vector<std::string>{"u0", "u2", "u1", "u3"}));
  EXPECT_TRUE(request->coalescing);
  EXPECT_EQ(request->metadata["original_msg_id"], "m_0");
}

TEST(Broadcast, RefusesWhatIsNone) {
  for (const char* text : {"{}", "[]", "x", R"({"targets": "u"})", R"({"targets": [["u"]]})",
                           R"({"targets": [["u", -1]]})", R"({"targets": [[1, 1]]})"})
    EXPECT_FALSE(read_broadcast("m", text, 2)) << text;
}

TEST(Broadcast, EachTargetAnswersOnce) {
  Broadcasts broadcasts;
  broadcasts.add(opened(false));
  size_t place = 9;
  auto* open = broadcasts.find("m_0_u1", "u1", place);
  ASSERT_NE(open, nullptr);
  EXPECT_FALSE(broadcasts.answer(*open, place, {}, true));
  EXPECT_EQ(broadcasts.find("m_0_u1", "u1", place), nullptr);
  EXPECT_EQ(broadcasts.find("m_0_u1", "u0", place), nullptr);
  EXPECT_EQ(broadcasts.find("m_9_u0", "u0", place), nullptr);
  EXPECT_EQ(broadcasts.waiting_for("u0"), (std::vector<std::string>{"m_0"}));
  EXPECT_TRUE(broadcasts.waiting_for("u1").empty());
}

TEST(Broadcast, CoalescesInTheOrderOfTheTargets) {
  Broadcasts broadcasts;
  broadcasts.add(opened(true));
  size_t place = 0;
  bool complete = false;
  for (const char* uuid : {"u1", "u2", "u0"}) {
    auto* open = broadcasts.find(std::string("m_0_") + uuid, uuid, place);
    ASSERT_NE(open, nullptr);
    complete = broadcasts.answer(*open, place, reply_with(uuid, uuid), true);
  }
  ASSERT_TRUE(complete);
  const auto reply = Broadcasts::coalesce(*broadcasts.get("m_0"));
  ASSERT_EQ(reply.buffers.size(), 3u);
  EXPECT_EQ(reply.buffers[0].view(), "u0");
  EXPECT_EQ(reply.buffers[1].view(), "u2");
  EXPECT_EQ(reply.buffers[2].view(), "u1");
  EXPECT_EQ(reply.content, "u0");  // the last one to answer
  const Json metadata = *wire::parse_json(reply.metadata);
  EXPECT_EQ(metadata["broadcast_targets"].dump(), R"([["u0",0],["u2",2],["u1",1]])");
  EXPECT_EQ(metadata["original_msg_id"], "m_0");
}

TEST(Broadcast, AnErrorIsNotHiddenByALaterSuccess) {
  Broadcasts broadcasts;
  broadcasts.add(opened(true));
  size_t place = 0;
  for (const char* uuid : {"u1", "u2", "u0"}) {
    auto* open = broadcasts.find(std::string("m_0_") + uuid, uuid, place);
    const bool ok = std::string_view(uuid) != "u1";
    broadcasts.answer(*open, place, reply_with("", uuid), ok);
  }
  EXPECT_EQ(Broadcasts::coalesce(*broadcasts.get("m_0")).content, "u1");
}

}  // namespace
}  // namespace ipc::sched
