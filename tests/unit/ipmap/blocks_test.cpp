// SPDX-License-Identifier: BSD-3-Clause
// Where a stream is cut into blocks.
#include "cmd/ipmap/blocks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ipmap {
namespace {

using Blocks = std::vector<std::string>;

// The blocks of a text that comes `step` bytes at a time.
Blocks cut_all(const BlockRule& rule, const std::string& text, size_t step) {
  BlockCutter cutter(rule);
  Blocks blocks;
  std::string held;
  for (size_t at = 0; at < text.size() + step; at += step) {
    held += text.substr(std::min(at, text.size()), step);
    const bool ended = at + step >= text.size();
    while (const size_t length = cutter.cut(held, ended)) {
      blocks.push_back(held.substr(0, length));
      held.erase(0, length);
      if (held.empty()) break;
    }
    if (ended) break;
  }
  EXPECT_EQ(held, "");
  return blocks;
}

// The same however the bytes come.
Blocks blocks_of(const BlockRule& rule, const std::string& text) {
  const Blocks whole = cut_all(rule, text, text.size() + 1);
  for (const size_t step : {1, 2, 3, 7}) EXPECT_EQ(cut_all(rule, text, step), whole);
  return whole;
}

TEST(Blocks, WholeLinesOfAboutTheSize) {
  const BlockRule rule{"\n", "", 8, 0};
  EXPECT_EQ(blocks_of(rule, "a\nbb\nccc\ndddd\n"), (Blocks{"a\nbb\n", "ccc\n", "dddd\n"}));
  EXPECT_EQ(blocks_of(rule, "1234567\n1234567\n"), (Blocks{"1234567\n", "1234567\n"}));
  EXPECT_EQ(blocks_of(rule, "no end"), (Blocks{"no end"}));
}

TEST(Blocks, ALineLongerThanTheSizeStaysWhole) {
  const BlockRule rule{"\n", "", 4, 0};
  EXPECT_EQ(blocks_of(rule, "123456789\nab\n"), (Blocks{"123456789\nab\n"}));
  EXPECT_EQ(blocks_of(rule, "a\n123456789\n"), (Blocks{"a\n", "123456789\n"}));
}

TEST(Blocks, RecordsThatBeginWithAText) {
  const BlockRule rule{"", ">", 8, 0};
  EXPECT_EQ(blocks_of(rule, ">one\nxx\n>two\nyy\n>3\n"),
            (Blocks{">one\nxx\n", ">two\nyy\n", ">3\n"}));
  // An end and a start have to be side by side.
  const BlockRule both{"\n", ">", 9, 0};
  EXPECT_EQ(blocks_of(both, ">a>b\nx\n>c\nyy\n"), (Blocks{">a>b\nx\n", ">c\nyy\n"}));
}

TEST(Blocks, CountedRecords) {
  const BlockRule lines{"\n", "", 1 << 20, 2};
  EXPECT_EQ(blocks_of(lines, "a\nb\n\nd\ne"), (Blocks{"a\nb\n", "\nd\n", "e"}));
  const BlockRule ends{"--\n", "", 1 << 20, 1};
  EXPECT_EQ(blocks_of(ends, "a\n--\nb\n--\nrest"), (Blocks{"a\n--\n", "b\n--\n", "rest"}));
  const BlockRule starts{"", ">", 1 << 20, 2};
  EXPECT_EQ(blocks_of(starts, ">a>b>c>d>e"), (Blocks{">a>b", ">c>d", ">e"}));
}

}  // namespace
}  // namespace ipmap
