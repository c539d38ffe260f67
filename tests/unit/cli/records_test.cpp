// SPDX-License-Identifier: BSD-3-Clause
// Items cut from a stream.
#include "libipc/cli/records.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace ipc::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Records, TakesWholeItemsOnly) {
  RecordReader reader('\n');
  reader.add("one\ntwo\nthr");
  auto block = reader.take(10, 1000);
  EXPECT_EQ(block.first, 1u);
  EXPECT_EQ(block.count, 2u);
  EXPECT_EQ(block.bytes, "one\ntwo\n");
  EXPECT_EQ(reader.take(10, 1000).count, 0u);
  reader.add("ee");
  reader.end();
  block = reader.take(10, 1000);
  EXPECT_EQ(block.first, 3u);
  EXPECT_EQ(block.bytes, "three\n");
  EXPECT_TRUE(reader.empty());
}

TEST(Records, EmptyLinesAreItems) {
  RecordReader reader('\n');
  reader.add("\n\na\n");
  reader.end();
  EXPECT_EQ(reader.take(10, 1000).count, 3u);
}

TEST(Records, NothingAtAll) {
  RecordReader reader('\n');
  reader.end();
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.take(10, 1000).count, 0u);
}

TEST(Records, CountAndBytesLimit) {
  RecordReader reader('\0');
  reader.add(std::string("aa\0bb\0cc\0", 9));
  EXPECT_EQ(reader.take(1, 1000).bytes, std::string("aa\0", 3));
  EXPECT_EQ(reader.take(10, 4).bytes, std::string("bb\0", 3));
  EXPECT_EQ(reader.take(10, 1).bytes, std::string("cc\0", 3));  // one item always
}

TEST(Records, HasCountsWholeItems) {
  RecordReader reader('\n');
  reader.add("a\nb\nc");
  EXPECT_TRUE(reader.has(2, 100));
  EXPECT_FALSE(reader.has(3, 100));
  EXPECT_TRUE(reader.has(3, 4));
}

TEST(Records, FillReadsFromADescriptor) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "x\ny", 3), 3);
  ::close(ends[1]);
  RecordReader reader('\n');
  EXPECT_TRUE(*reader.fill(ends[0]));
  EXPECT_FALSE(*reader.fill(ends[0]));
  reader.end();
  EXPECT_EQ(reader.take(9, 99).bytes, "x\ny\n");
  ::close(ends[0]);
}

TEST(Records, ItemAt) {
  EXPECT_EQ(item_at("a\nbb\n\n", '\n', 0), "a");
  EXPECT_EQ(item_at("a\nbb\n\n", '\n', 1), "bb");
  EXPECT_EQ(item_at("a\nbb\n\n", '\n', 2), "");
  EXPECT_EQ(item_at("a\n", '\n', 5), "");
}

TEST(Records, Sources) {
  Words operands = {"echo", ":::", "a", "b", ":::", "1", "2"};
  const auto sources = cut_sources(operands);
  ASSERT_TRUE(sources);
  EXPECT_EQ(operands, (Words{"echo"}));
  ASSERT_EQ(sources->size(), 2u);
  EXPECT_EQ((*sources)[0].words, (Words{"a", "b"}));
  EXPECT_FALSE((*sources)[1].linked);
  Words empty = {"echo", "::::"};
  EXPECT_EQ(cut_sources(empty).error().code, Code::usage);
  Words none = {"echo", ":::"};
  EXPECT_EQ(cut_sources(none)->at(0).words.size(), 0u);
}

TEST(Records, LinkedSources) {
  Words operands = {"echo", ":::", "a", "::::+", "file", ":::+", "1", "2"};
  const auto sources = cut_sources(operands);
  ASSERT_TRUE(sources);
  ASSERT_EQ(sources->size(), 3u);
  EXPECT_FALSE((*sources)[0].linked);
  EXPECT_TRUE((*sources)[1].linked && (*sources)[1].is_file);
  EXPECT_TRUE((*sources)[2].linked && !(*sources)[2].is_file);
  Words first = {"echo", ":::+", "a"};
  EXPECT_EQ(cut_sources(first).error().code, Code::usage);
}

TEST(Records, Combinations) {
  const std::vector<Row> letters = {{"a"}, {"b"}}, pairs = {{"1", "x"}, {"2", "y"}, {"3", "z"}};
  EXPECT_EQ(combine({letters, {{"1"}, {"2"}}}),
            (std::vector<Row>{{"a", "1"}, {"a", "2"}, {"b", "1"}, {"b", "2"}}));
  EXPECT_EQ(combine({letters, pairs}).back(), (Row{"b", "3", "z"}));
  EXPECT_TRUE(combine({letters, {}}).empty());
}

TEST(Records, LinkedItems) {
  const std::vector<Row> letters = {{"a"}, {"b"}}, numbers = {{"1"}, {"2"}, {"3"}};
  EXPECT_EQ(link(letters, numbers, false), (std::vector<Row>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(link(letters, numbers, true), (std::vector<Row>{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_TRUE(link(letters, {}, true).empty());
}

TEST(Records, Separator) {
  const auto separator = [](Words words) {
    Command command;
    command.name = "x";
    command.options = {{'0', "null", "", "h"}, {'d', "delimiter", "C", "h"}};
    return item_separator(*parse(command, words));
  };
  EXPECT_EQ(*separator({}), '\n');
  EXPECT_EQ(*separator({"-0"}), '\0');
  EXPECT_EQ(*separator({"-d,"}), ',');
  EXPECT_EQ(*separator({"-d", "\\t"}), '\t');
  EXPECT_FALSE(separator({"-d", "ab"}));
  EXPECT_FALSE(separator({"-0", "-d", "a"}));
}

}  // namespace
}  // namespace ipc::cli
