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
  EXPECT_EQ(table.find(2)->prefetch, 65536);
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

TEST(Engines, those_that_are_not_known_as_ours_are_ipyparallels) {
  const auto table = parse_engine_table(wire::Json::parse(
      R"({"engines":{"0":"a","1":"b"},"ipkit":{"engines":{"0":{"version":"1","language":"R"}}}})"));
  EXPECT_TRUE(table.find(0)->is_ipkit());
  EXPECT_EQ(table.find(0)->language, "R");
  EXPECT_FALSE(table.find(1)->is_ipkit());
  EXPECT_EQ(table.find(1)->language, "python");
  EXPECT_EQ(table.find(1)->kernel, "ipyparallel");
}

TEST(Engines, those_without_the_kernel_are_named) {
  EngineTable table;
  table.engines[0].version = "0.1.0";
  table.engines[1].version = "";
  for (const char* name : {"", "python"}) EXPECT_TRUE(require_kernel(table, {0, 1}, name));
  EXPECT_TRUE(require_kernel(table, {}, "sh"));
  EXPECT_TRUE(require_kernel(table, {0}, "sh"));
  const auto mixed = require_kernel(table, {0, 1}, "sh");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::no_engine);
  EXPECT_EQ(mixed.error().text(),
            "engine 1 runs ipyparallel's engine: no sh kernel; leave out the others: -x 1");
  EXPECT_FALSE(require_kernel(table, {1}, "sh"));
}

TEST(Engines, one_request_does_not_fit_all_languages) {
  EngineTable table;
  for (const int id : {0, 1, 2}) table.engines[id].language = id == 2 ? "R" : "python";
  table.engines[0].version = table.engines[2].version = "0.1.0";
  EXPECT_TRUE(require_one_form(table, {0, 1}));
  EXPECT_TRUE(require_one_form(table, {0, 2}));
  const auto mixed = require_one_form(table, {0, 1, 2});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::no_engine);
  EXPECT_EQ(mixed.error().hint, "leave out one kind: -x 2");
}

TEST(Engines, short_times) {
  EXPECT_EQ(short_time("nonsense"), "nonsense");
  EXPECT_EQ(short_time("2020-01-02T03:04:05Z").substr(0, 8), "2020-01-");
}

}  // namespace
}  // namespace ipc::client
