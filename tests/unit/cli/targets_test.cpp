// SPDX-License-Identifier: BSD-3-Clause
// Target expressions over a pool of engines.
#include "libipc/cli/targets.hpp"

#include <gtest/gtest.h>

namespace ipc::cli {
namespace {

using Ids = std::vector<int>;

EnginePool pool() {
  EnginePool p;
  for (const int id : {0, 1, 2, 5, 7})
    p.engines.push_back(
        {id, "u" + std::to_string(id), id < 2 ? "n01.site" : "n02", id == 7 ? "sh" : "python"});
  p.gone = {{3, "10:02", "kernel killed"}, {4, "10:03", "kernel killed"}};
  p.groups = {{"gpu", "5,7"}, {"loop", "@loop"}};
  p.controller = "controller 4711 on n1";
  return p;
}

Ids chosen(const std::string& text, const std::string& exclude = "") {
  const auto ids = select_targets({text, exclude, true}, pool());
  EXPECT_TRUE(ids) << ids.error().text();
  return ids ? *ids : Ids();
}

Error refused(const std::string& text, const std::string& exclude = "") {
  const auto ids = select_targets({text, exclude, true}, pool());
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
  EXPECT_EQ(chosen("@gpu"), (Ids{5, 7}));
  EXPECT_EQ(refused("host:n03").what,
            "no engine on host n03: there are 0-2,5,7 (gone: 3-4 since 10:02, kernel killed)");
  EXPECT_EQ(refused("@none").code, Code::no_engine);
  EXPECT_EQ(refused("@loop").code, Code::bad_profile);
}

TEST(Targets, ExclusionComesLast) {
  EXPECT_EQ(chosen("all", "0-2"), (Ids{5, 7}));
  EXPECT_EQ(refused("5", "5,7").code, Code::no_engine);
  EXPECT_EQ(refused("all", "9").code, Code::no_engine);
}

TEST(Targets, MissingEnginesAreNamedWithThoseThere) {
  EXPECT_EQ(refused("9").text(),
            "no engine 9: there are 0-2,5,7 (gone: 3-4 since 10:02, kernel killed); see ipls");
  EXPECT_EQ(refused("0,8-9").what.substr(0, 14), "no engine 8-9:");
}

TEST(Targets, NonsenseIsUsage) {
  for (const char* text : {"", "x", "1-", "3-1", "0x1", "1..3", ",", "0,", "--1", "all3", "1 2"})
    EXPECT_EQ(refused(text).code, Code::usage) << text;
}

TEST(Targets, NoEnginesAtAll) {
  EnginePool empty;
  empty.controller = "controller 4711 on n1";
  const auto ids = select_targets({}, empty);
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, Code::not_ready);
  EXPECT_EQ(ids.error().text(),
            "no engines yet: controller 4711 on n1 has 0; wait for them: ipwait -n 1, "
            "or see why: ipcluster doctor");
}

}  // namespace
}  // namespace ipc::cli
