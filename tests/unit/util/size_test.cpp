// SPDX-License-Identifier: BSD-3-Clause
// Sizes as people write them.
#include "libipc/util/size.hpp"

#include <gtest/gtest.h>

namespace ipc {
namespace {

TEST(Size, UnitsArePowersOf1024) {
  EXPECT_EQ(*parse_size("4096"), 4096u);
  EXPECT_EQ(*parse_size("1k"), 1024u);
  EXPECT_EQ(*parse_size("500M"), 500u << 20);
  EXPECT_EQ(*parse_size("2G"), 2ull << 30);
  EXPECT_EQ(*parse_size("1.5GiB"), 3ull << 29);
  EXPECT_EQ(*parse_size("1TB"), 1ull << 40);
  EXPECT_EQ(*parse_size("10B"), 10u);
}

TEST(Size, WhatIsNoneIsRefused) {
  for (const char* text : {"", "G", "2X", "2GG", "-1", "0", "nan", "inf", "1e300", "2 G", "2iB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Size, IsShortInMessages) {
  EXPECT_EQ(size_text(17), "17 bytes");
  EXPECT_EQ(size_text(2ull << 30), "2.0 GB");
  EXPECT_EQ(size_text(512 << 20), "512 MB");
}

}  // namespace
}  // namespace ipc
