// SPDX-License-Identifier: BSD-3-Clause
// Fields of flat JSON objects: what is read, and what is refused.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::wire {
namespace {

/// What `value`, as JSON, means.
std::string meant(const std::string& value) {
  FieldParser parser;
  return std::string(parser.field("{\"x\": " + value + "}", "x"));
}

TEST(Fields, EscapesAreResolved) {
  EXPECT_EQ(meant(R"("plain")"), "plain");
  EXPECT_EQ(meant(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(meant(R"("a\u0041\u00e9\u20AC")"), "aA\u00e9\u20ac");
  EXPECT_EQ(meant(R"("\ud83d\ude00!")"), "\U0001f600!") << "a pair of surrogates";
  EXPECT_EQ(meant(R"("\ud83dx")"), "\ufffdx") << "half of one";
  EXPECT_EQ(meant(R"("\ud83d\u0041")"), "\ufffdA");
  EXPECT_EQ(meant(R"("\ud83d\ud83d\ude00")"), "\ufffd\U0001f600");
  EXPECT_EQ(meant(R"("\ude00")"), "\ufffd");
  EXPECT_EQ(meant("\"\u00e9\u20ac\""), "\u00e9\u20ac");
  EXPECT_EQ(meant(R"("a\u0000b")"), std::string("a\0b", 3));
}

TEST(Fields, WhatIsNoStringStaysAsItStands) {
  for (const char* value : {"1", "-1.5e3", "true", "null", "NaN", R"([1, "]", {"a": "}"}])",
                            R"({"a": [1, 2], "b": "\"}"})"})
    EXPECT_EQ(meant(value), value);
}

TEST(Fields, TheFirstOfItsNameCounts) {
  FieldParser parser;
  EXPECT_EQ(parser.field(R"({"a": {"x": 0}, "x": "one", "x": "two"})", "x"), "one");
  EXPECT_EQ(parser.field(R"({"x\u0031": 1, "x1": 2})", "x1"), "1") << "names have escapes too";
}

TEST(Fields, RawTextOfSeveral) {
  FieldParser parser;
  constexpr std::array<std::string_view, 3> kKeys{"after", "none", "targets"};
  std::array<std::string_view, 3> values;
  ASSERT_TRUE(parser.raw_fields("{ \"targets\" : [ 1 , 2 ] ,\t\"other\": {\"after\": 3},\n"
                                "\"after\":\"a\\u0041\" }",
                                kKeys, values));
  EXPECT_EQ(values[0], R"("a\u0041")") << "with its quotes, as it came";
  EXPECT_EQ(values[1], "");
  EXPECT_EQ(values[2], "[ 1 , 2 ]");
  EXPECT_TRUE(parser.raw_fields("{}", kKeys, values));
  EXPECT_TRUE(parser.raw_fields(" { } ", kKeys, values));
  EXPECT_EQ(values[0], "") << "of the last call alone";
}

TEST(Fields, WhatIsNoObjectIsRefused) {
  FieldParser parser;
  const std::array<std::string_view, 1> keys{"a"};
  std::array<std::string_view, 1> values;
  for (const std::string bad :
       {"", " ", "[1]", "1", "{", "}", "{,}", "{1:2}", R"({"a")", R"({"a":})", R"({"a":1,})",
        R"({"a":1 "b":2})", R"({"a":1}x)", R"({"a":1}})", R"({"a":"x})", R"({"a":"\)",
        R"({"a":[1})", R"({"a":{"b":"}})", R"({"\u12":1})", R"({"\uzzzz":1})", R"({"\x":1})",
        "{\"a\":\"line\nline\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xe2\x82\"}"})
    EXPECT_FALSE(parser.raw_fields(bad, keys, values)) << bad;
  EXPECT_FALSE(parser.raw_fields(std::string_view("{\"\\u00\0\0\":1}", 12), keys, values));
}

TEST(Fields, EveryBeginningOfATextIsRefused) {
  FieldParser parser;
  const std::string text =
      R"({"msg_id": "a\u00e9_1", "x": [{"y": "\\"}, 1.5], "msg_type": "\ud83d\ude00", "z": null})";
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parser.header(text.substr(0, size))) << text.substr(0, size);
  const auto header = parser.header(text);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->msg_id, "a\u00e9_1");
  EXPECT_EQ(header->msg_type, "\U0001f600");
}

TEST(Fields, DeepNestingIsOnlyText) {
  FieldParser parser;
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(parser.field("{\"deep\":" + deep + ",\"x\":1}", "x"), "1");
}

}  // namespace
}  // namespace ipc::wire
