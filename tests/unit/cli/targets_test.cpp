// SPDX-License-Identifier: BSD-3-Clause
// Target expressions over a pool of engines.
#include "libipc/cli/targets.hpp"

#include <gtest/gtest.h>

namespace ipc::cli {
namespace {

using Ids = std::vector<int>;

client::EngineTable table() {
  client::EngineTable t;
  for (const int id : {0, 1, 2, 5, 7}) {
    t.engines[id].id = id;
    t.engines[id].host = id < 2 ? "n01.site" : "n02";
    t.engines[id].language = id == 7 ? "sh" : "python";
  }
  t.gone = {{3, "u3", "", ""}, {4, "u4", "", "kernel killed"}};
  return t;
}

const Groups kGroups = {{"gpu", "5,7"}, {"loop", "@loop"}};

Ids chosen(const std::string& text, const std::string& exclude = "") {
  const auto ids = select_targets({text, exclude, true}, table(), kGroups);
  EXPECT_TRUE(ids) << ids.error().text();
  return ids ? *ids : Ids();
}

Error refused(const std::string& text, const std::string& exclude = "") {
  const auto ids = select_targets({text, exclude, true}, table(), kGroups);
  EXPECT_FALSE(ids);
  return ids ? Error() : ids.error();
}

TEST(Targets, Ids) {
  EXPECT_EQ(chosen("all"), (Ids{0, 1, 2, 5, 7}));
  EXPECT_EQ(chosen("5"), (Ids{5}));
  EXPECT_EQ(chosen("0-2,7"), (Ids{0, 1, 2, 7}));
  EXPECT_EQ(chosen("7, 0"), (Ids{0, 7}));
}

TEST(Targets, NegativeCountsFromTheEndOfThoseThere) {
  EXPECT_EQ(chosen("-1"), (Ids{7}));
  EXPECT_EQ(chosen("-5"), (Ids{0}));
  EXPECT_EQ(refused("-6").code, Code::no_engine);
  EXPECT_EQ(refused("-0").code, Code::usage);
  EXPECT_EQ(refused("-9223372036854775808").code, Code::usage);
}

TEST(Targets, SlicesArePythons) {
  EXPECT_EQ(chosen("::2"), (Ids{0, 2, 7}));
  EXPECT_EQ(chosen("1:3"), (Ids{1, 2}));
  EXPECT_EQ(chosen("-2:"), (Ids{5, 7}));
  EXPECT_EQ(chosen("::-1"), (Ids{0, 1, 2, 5, 7}));
  EXPECT_EQ(chosen("3:100"), (Ids{5, 7}));
  EXPECT_EQ(refused("5:3").code, Code::no_engine);
  EXPECT_EQ(refused("::0").code, Code::usage);
  EXPECT_EQ(refused("1:2:3:4").code, Code::usage);
}

TEST(Targets, HostsLanguagesGroups) {
  EXPECT_EQ(chosen("host:n[01-02]"), (Ids{0, 1, 2, 5, 7}));
  EXPECT_EQ(chosen("host:n02,0"), (Ids{0, 2, 5, 7}));
  EXPECT_EQ(chosen("lang:sh"), (Ids{7}));
  EXPECT_EQ(chosen("lang:SH"), (Ids{7}));
  EXPECT_EQ(chosen("@gpu"), (Ids{5, 7}));
  EXPECT_EQ(refused("host:n03").what,
            "no engine on host n03: there are 0-2,5,7 (gone: 3-4, kernel killed)");
  EXPECT_EQ(refused("@none").code, Code::usage);
  EXPECT_EQ(refused("@none").what, "no group @none: there are @gpu, @loop");
  EXPECT_EQ(refused("@loop").code, Code::bad_profile);
}

TEST(Targets, ExclusionComesLast) {
  EXPECT_EQ(chosen("all", "0-2"), (Ids{5, 7}));
  EXPECT_EQ(refused("5", "5,7").code, Code::no_engine);
  EXPECT_EQ(refused("all", "9").code, Code::no_engine);
}

TEST(Targets, MissingEnginesAreNamedWithThoseThere) {
  EXPECT_EQ(refused("9").text(),
            "no engine 9: there are 0-2,5,7 (gone: 3-4, kernel killed); see ipls");
  EXPECT_EQ(refused("0,8-9").what.substr(0, 14), "no engine 8-9:");
}

TEST(Targets, NonsenseIsUsage) {
  for (const char* text : {"", "x", "1-", "3-1", "0x1", "1..3", ",", "0,", "--1", "all3", "1 2"})
    EXPECT_EQ(refused(text).code, Code::usage) << text;
}

TEST(Targets, NoEnginesAtAll) {
  const client::EngineTable empty;
  const auto all = select_targets({}, empty);
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->empty());
  EXPECT_EQ(select_targets({"0", "", true}, empty).error().code, Code::no_engine);
}

}  // namespace
}  // namespace ipc::cli
