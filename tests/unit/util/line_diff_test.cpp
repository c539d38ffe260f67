// SPDX-License-Identifier: BSD-3-Clause
// Differences of texts, in the format of diff -u.
#include "libipc/util/line_diff.hpp"

#include <gtest/gtest.h>

namespace ipc {
namespace {

std::string diff(std::string_view before, std::string_view after) {
  return unified_diff(before, after, "0", "1");
}

TEST(LineDiff, EqualTextsHaveNone) {
  EXPECT_EQ(diff("", ""), "");
  EXPECT_EQ(diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(diff("a\nb", "a\nb\n"), "");
}

TEST(LineDiff, OneLineInTheMiddle) {
  EXPECT_EQ(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n"),
            "--- 0\n+++ 1\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
}

TEST(LineDiff, NothingOnOneSide) {
  EXPECT_EQ(diff("", "a\nb\n"), "--- 0\n+++ 1\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(diff("a\n", ""), "--- 0\n+++ 1\n@@ -1 +0,0 @@\n-a\n");
}

TEST(LineDiff, CommonLinesInBetweenStay) {
  EXPECT_EQ(diff("a\nb\nc\nd\n", "x\nb\nd\ne\n"),
            "--- 0\n+++ 1\n@@ -1,4 +1,4 @@\n-a\n+x\n b\n-c\n d\n+e\n");
}

TEST(LineDiff, FarPlacesAreHunksOfTheirOwn) {
  std::string before, after;
  for (int i = 0; i < 30; ++i) {
    before += std::to_string(i) + "\n";
    after += (i == 2 || i == 27 ? "X" : std::to_string(i)) + "\n";
  }
  EXPECT_EQ(diff(before, after),
            "--- 0\n+++ 1\n@@ -1,6 +1,6 @@\n 0\n 1\n-2\n+X\n 3\n 4\n 5\n"
            "@@ -25,6 +25,6 @@\n 24\n 25\n 26\n-27\n+X\n 28\n 29\n");
}

TEST(LineDiff, VeryDifferentTextsAreReplaced) {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string text = diff(before, after);
  EXPECT_TRUE(text.starts_with("--- 0\n+++ 1\n@@ -1,5000 +1,5000 @@\n-a0\n"));
  EXPECT_TRUE(text.ends_with("\n+b4999\n"));
}

}  // namespace
}  // namespace ipc
