// SPDX-License-Identifier: BSD-3-Clause
// Earlier inputs of consoles, and the way through them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "libipc/console/history.hpp"

namespace ipc::console {
namespace {

std::string new_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "console-XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

TEST(History, IsSharedAndSearched) {
  const std::string directory = new_directory(), path = directory + "/a/b/console.sqlite";
  auto one = History::open(path);
  auto two = History::open(path);
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(one->add("x = 1"));
  EXPECT_TRUE(two->add("print('%_x')"));
  EXPECT_TRUE(two->add("print('%_x')"));
  EXPECT_TRUE(one->add("  "));
  EXPECT_TRUE(one->add("y = x"));
  const auto all = one->find("", 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].text, "x = 1");
  EXPECT_EQ((*all)[2].text, "y = x");
  EXPECT_EQ(two->find("%_", 10)->size(), 1u);
  EXPECT_EQ(two->find("", 1)->at(0).text, "y = x");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::filesystem::remove_all(directory);
}

TEST(History, ThatCannotBeIsAnError) {
  const std::string directory = new_directory();
  EXPECT_FALSE(History::open(directory));
  std::filesystem::remove_all(directory);
}

TEST(Recall, GoesThroughWhatBeginsTheSame) {
  Recall recall({"a = 1", "b", "a = 2"});
  EXPECT_EQ(*recall.older("a"), "a = 2");
  EXPECT_EQ(*recall.older("a = 2"), "a = 1");
  EXPECT_EQ(recall.older("a = 1"), nullptr);
  EXPECT_EQ(*recall.newer("a = 1"), "a = 2");
  EXPECT_EQ(*recall.newer("a = 2"), "a");
  EXPECT_EQ(recall.newer("a"), nullptr);
  recall.add("c");
  EXPECT_EQ(*recall.older(""), "c");
  EXPECT_EQ(*recall.older("c"), "a = 2");
}

TEST(Recall, StartsAnewFromALineThatWasChanged) {
  Recall recall({"one", "two", "three"});
  EXPECT_EQ(*recall.older(""), "three");
  EXPECT_EQ(*recall.older("t"), "three");
  EXPECT_EQ(*recall.older("three"), "two");
}

}  // namespace
}  // namespace ipc::console
