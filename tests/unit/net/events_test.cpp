// SPDX-License-Identifier: BSD-3-Clause
// Packed events: what is written is what is read.
#include "libipc/net/events.hpp"

#include <gtest/gtest.h>

namespace ipc::net {
namespace {

TEST(Events, ComeOutAsTheyWentIn) {
  EventWriter writer;
  EXPECT_TRUE(writer.empty());
  Frames buffers;
  buffers.emplace_back("small");
  buffers.emplace_back(std::string(100000, 'x'));
  buffers.emplace_back("");
  writer.add(EventKind::heart_started, {"uuid"});
  writer.add(EventKind::send_mux, {}, buffers);
  writer.add(EventKind::task_assigned, {"id", ""});
  EventReader reader(writer.take());
  EXPECT_TRUE(writer.empty());
  Event event;
  ASSERT_TRUE(reader.next(event));
  EXPECT_EQ(event.kind, EventKind::heart_started);
  EXPECT_EQ(event.fields, (std::vector<std::string_view>{"uuid"}));
  ASSERT_TRUE(reader.next(event));
  ASSERT_EQ(event.buffers.size(), 3u);
  EXPECT_EQ(event.buffers[0].view(), "small");
  EXPECT_EQ(event.buffers[1].view(), std::string(100000, 'x'));
  EXPECT_EQ(event.buffers[1].view().data(), buffers[1].view().data());  // shared, not copied
  EXPECT_EQ(event.buffers[2].size(), 0u);
  ASSERT_TRUE(reader.next(event));
  EXPECT_EQ(event.fields, (std::vector<std::string_view>{"id", ""}));
  EXPECT_FALSE(reader.next(event));
}

TEST(Events, ATornBatchEnds) {
  EventWriter writer;
  writer.add(EventKind::task_assigned, {"id", "engine"});
  const Frames whole = writer.take();
  for (size_t n = 0; n < whole[0].size(); ++n) {
    Frames torn;
    torn.emplace_back(whole[0].view().substr(0, n));
    EventReader reader(std::move(torn));
    Event event;
    int events = 0;
    while (reader.next(event)) ++events;
    EXPECT_LE(events, 1);
  }
}

}  // namespace
}  // namespace ipc::net
