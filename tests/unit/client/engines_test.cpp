// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/client/engines.hpp"

#include <gtest/gtest.h>

namespace ipc::client {
namespace {

TEST(Engines, hostile_tables_leave_only_what_is_right) {
  for (const char* text : {"null", "[]", "{}", R"({"engines":[]})", R"({"engines":{"x":"u"}})",
                           R"({"engines":{"-1":"u"}})", R"({"engines":{"0":5}})",
                           R"({"engines":{"99999999999999":"u"},"ipkit":7})"})
    EXPECT_TRUE(parse_engine_table(wire::Json::parse(text)).engines.empty()) << text;
  const auto table = parse_engine_table(wire::Json::parse(
      R"({"engines":{"2":"u"},"ipkit":{"engines":{"2":{"version":"1","pid":"x","prefetch":99999}},
          "gone":[7,{"id":"x"}]}})"));
  ASSERT_EQ(table.engines.size(), 1u);
  EXPECT_EQ(table.find(2)->pid, 0);
  EXPECT_EQ(table.find(2)->prefetch, 64);
  EXPECT_EQ(table.id_of("u"), 2);
  EXPECT_EQ(table.id_of("v"), -1);
}

TEST(Engines, an_engine_that_is_not_there) {
  const auto table = parse_engine_table(wire::Json::parse(
      R"({"engines":{"0":"a","1":"b"},"ipkit":{"engines":{},
          "gone":[{"id":3,"uuid":"d","when":"2020-01-02T03:04:05Z","why":"died"},
                  {"id":2,"uuid":"c","when":"?","why":"died"}]}})"));
  EXPECT_EQ(no_such_engine(table, "7").text(),
            "no engine 7: there are 0-1 (gone: 2-3 since ?, died); see ipls");
  EXPECT_EQ(no_such_engine({}, "7").text(), "no engine 7: there are none; see ipls");
}

TEST(Engines, those_that_are_not_ours_are_named) {
  EngineTable table;
  table.engines[0].version = "0.1.0";
  table.engines[1].version = "";
  EXPECT_TRUE(require_ipkit_engines(table, {}));
  EXPECT_TRUE(require_ipkit_engines(table, {0}));
  const auto mixed = require_ipkit_engines(table, {0, 1});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::no_engine);
  EXPECT_TRUE(mixed.error().text().starts_with("engine 1 is not known as ipkit's"));
  EXPECT_TRUE(mixed.error().text().ends_with("leave out the others: -x 1"));
  EXPECT_EQ(require_ipkit_engines(table, {1}).error().hint, "start some: ipcluster start");
}

TEST(Engines, short_times) {
  EXPECT_EQ(short_time("nonsense"), "nonsense");
  EXPECT_EQ(short_time("2020-01-02T03:04:05Z").substr(0, 8), "2020-01-");
}

}  // namespace
}  // namespace ipc::client
