// SPDX-License-Identifier: BSD-3-Clause
// Which partial results are put together, and in which order.
#include "cmd/ipmap/partials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace ipmap {
namespace {

std::string joined(const PartialRow& row) {
  std::string text;
  for (const auto& value : row.values) text += value;
  return text;
}

TEST(Partials, NothingAtAll) {
  Partials partials;
  EXPECT_FALSE(partials.take_row());
  EXPECT_TRUE(partials.take_all().values.empty());
}

TEST(Partials, TheyBecomeOneInOrderHoweverTheyArrive) {
  std::vector<std::uint64_t> firsts(3000);
  std::iota(firsts.begin(), firsts.end(), 1);
  std::mt19937 random(7);
  for (auto at = firsts.begin(); at != firsts.end(); at += 100) std::shuffle(at, at + 100, random);
  Partials partials;
  std::string expected;
  for (std::uint64_t i = 1; i <= firsts.size(); ++i) expected += std::to_string(i) + ' ';
  for (const auto first : firsts) {
    partials.add(first, 1, std::to_string(first) + ' ');
    while (auto row = partials.take_row()) {
      EXPECT_GT(row->values.size(), 1u);
      partials.add(row->first, row->count, joined(*row), row->level + 1);
    }
  }
  const PartialRow rest = partials.take_all();
  EXPECT_LT(rest.values.size(), 100u);
  EXPECT_EQ(joined(rest), expected);
  EXPECT_EQ(rest.count, firsts.size());
}

TEST(Partials, WhatFailedIsNoGap) {
  Partials partials;
  for (std::uint64_t i = 1; i <= 200; ++i) partials.add(i, 1, i % 3 == 0 ? "" : "v");
  const auto row = partials.take_row();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->first, 1u);
  EXPECT_EQ(row->values.size(), 32u);
  EXPECT_EQ(row->count, 48u);  // with the failed one behind them
}

TEST(Partials, WhatIsMissingIsAGap) {
  Partials partials;
  for (std::uint64_t i = 1; i <= 60; ++i)
    if (i != 30) partials.add(i, 1, "v");
  EXPECT_FALSE(partials.take_row());
  partials.add(30, 1, "v");
  EXPECT_TRUE(partials.take_row());
}

TEST(Partials, LargeValuesDoNotWait) {
  Partials partials;
  partials.add(1, 1, std::string(5 << 20, 'a'));
  EXPECT_FALSE(partials.take_row());
  partials.add(2, 1, std::string(5 << 20, 'b'));
  EXPECT_TRUE(partials.take_row());
}

}  // namespace
}  // namespace ipmap
