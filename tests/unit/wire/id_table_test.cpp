// SPDX-License-Identifier: BSD-3-Clause
// Ids as numbers, and error texts as Python has them.
#include "libipc/wire/id_table.hpp"

#include <gtest/gtest.h>

#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::wire {
namespace {

TEST(IdTable, KeepsIdsOfAnyShape) {
  IdTable table;
  const char* const ids[] = {"a_0", "a_1", "a_4000000000", "a_999999999", "a_01",  "a_",
                             "_",   "",    "b_0",          "plain",       "a_1_2", "a_-1"};
  std::uint32_t n = 0;
  for (const char* id : ids) {
    EXPECT_EQ(table.get(id), 0u) << id;
    table.set(id, ++n);
  }
  n = 0;
  for (const char* id : ids) EXPECT_EQ(table.get(id), ++n) << id;
  table.set("a_1", 77);
  table.set("a_999999999", 78);
  EXPECT_EQ(table.get("a_1"), 77u);
  EXPECT_EQ(table.get("a_999999999"), 78u);
}

TEST(IdTable, AnIdThatBeganAsAnOddOneStaysFound) {
  IdTable table;
  table.set("s_5000", 1);  // far ahead of the array
  for (int i = 0; i < 6000; ++i)
    if (i != 5000) table.set("s_" + std::to_string(i), 2);
  EXPECT_EQ(table.get("s_5000"), 1u);
  table.set("s_5000", 3);
  EXPECT_EQ(table.get("s_5000"), 3u);
}

TEST(IdTable, SettledNumbersTakeAByteEach) {
  IdTable table;
  constexpr std::uint32_t kIds = 100000;
  const auto id = [](std::uint32_t i) { return "client_77_" + std::to_string(i); };
  for (std::uint32_t i = 0; i < kIds; ++i) table.set(id(i), 1000 + i);  // each its own slot
  EXPECT_GT(table.bytes(), 4 * kIds);
  for (std::uint32_t i = 0; i < kIds; ++i) {
    EXPECT_EQ(table.get(id(i)), 1000 + i);
    table.set(id(i), 2 + i % 3);
  }
  EXPECT_LT(table.bytes(), 2 * kIds);
  for (std::uint32_t i = 0; i < kIds; i += 7) EXPECT_EQ(table.get(id(i)), 2 + i % 3);
  // What was packed can change: first within its palette, then beyond it.
  for (std::uint32_t i = 0; i < 2000; ++i) table.set(id(i), 5 + i);
  for (std::uint32_t i = 0; i < 2000; ++i) EXPECT_EQ(table.get(id(i)), 5 + i);
  EXPECT_EQ(table.get(id(2001)), 2u);
  EXPECT_EQ(table.get(id(kIds)), 0u);
}

TEST(Errors, QuoteAsPythonDoes) {
  EXPECT_EQ(python_repr("a"), "'a'");
  EXPECT_EQ(python_repr("it's"), "\"it's\"");
  EXPECT_EQ(python_repr("'\"\n"), "'\\'\"\\n'");
  EXPECT_EQ(python_repr("Bad Message Type: " + python_repr("bogus_request")),
            "\"Bad Message Type: 'bogus_request'\"");
}

TEST(Errors, HaveATraceback) {
  const auto content = *parse_json(error_content("TaskTimeout", ""));
  EXPECT_EQ(content["evalue"], "");
  EXPECT_TRUE(content["traceback"].is_array());
}

TEST(Errors, ReplyTypes) {
  EXPECT_EQ(reply_type("apply_request"), "apply_reply");
  EXPECT_TRUE(is_reply_type("apply_reply"));
  EXPECT_TRUE(is_reply_type("_request"));
  EXPECT_FALSE(is_reply_type("stream"));
}

}  // namespace
}  // namespace ipc::wire
