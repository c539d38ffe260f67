// SPDX-License-Identifier: BSD-3-Clause
// Sets of ids and lists of hosts.
#include <gtest/gtest.h>

#include "libipc/util/hostlist.hpp"
#include "libipc/util/idset.hpp"

namespace ipc {
namespace {

using Ids = std::vector<int>;
using Names = std::vector<std::string>;

TEST(IdSet, Formats) {
  EXPECT_EQ(format_idset(Ids{}), "");
  EXPECT_EQ(format_idset(Ids{7, 0, 1, 2, 3, 3}), "0-3,7");
  EXPECT_EQ(format_idset(Ids{1, 2, 4}), "1-2,4");
}

TEST(IdSet, Parses) {
  EXPECT_EQ(*parse_idset("0-3,7"), (Ids{0, 1, 2, 3, 7}));
  EXPECT_EQ(*parse_idset("7,7,0"), (Ids{0, 7}));
  for (const char* text : {"", ",", "1-", "-1", "3-1", "a", "1 ", "0-9999999", "99999999999"})
    EXPECT_FALSE(parse_idset(text)) << text;
}

TEST(HostList, Expands) {
  EXPECT_EQ(*expand_hostlist("n1"), (Names{"n1"}));
  EXPECT_EQ(*expand_hostlist("n[01-03,7],login"), (Names{"n01", "n02", "n03", "n7", "login"}));
  EXPECT_EQ(*expand_hostlist("r[1-2]n[8-9].x"), (Names{"r1n8.x", "r1n9.x", "r2n8.x", "r2n9.x"}));
  EXPECT_EQ(*expand_hostlist("n[098-101]"), (Names{"n098", "n099", "n100", "n101"}));
}

TEST(HostList, RefusesNonsense) {
  for (const char* text : {"", "n[", "n[]", "n[1-]", "n[3-1]", "n]", "n[a-b]", ",", "n[1-99999999]",
                           "n[0-9999][0-9999]"})
    EXPECT_FALSE(expand_hostlist(text)) << text;
}

TEST(HostList, CountsPlaces) {
  const auto hosts = parse_host_counts("n[01-02]:2, me@gpu\n  login:3 n02");
  ASSERT_TRUE(hosts) << hosts.error().text();
  std::string text;
  for (const auto& host : *hosts) text += host.text() + "=" + std::to_string(host.count) + " ";
  EXPECT_EQ(text, "n01=2 n02=3 me@gpu=1 login=3 ");
  EXPECT_EQ((*hosts)[2].user, "me");
  EXPECT_TRUE(parse_host_counts("")->empty());
  for (const char* wrong : {"n:0", "n:x", "n:", ":2", "@n", "n[1", "-oProxyCommand=x", "a;b",
                            "$(x)", "me@-x", "n/m", "n:1000000"})
    EXPECT_FALSE(parse_host_counts(wrong)) << wrong;
}

}  // namespace
}  // namespace ipc
