// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/client/unpickle.hpp"

#include <gtest/gtest.h>

namespace ipc::client {
namespace {

using namespace std::string_literals;

// "type:bytes" of what a pickle holds, "-" if it is not read.
std::string read(const std::string& pickle) {
  const auto value = read_pickle(pickle);
  return value ? value->type + ":" + value->bytes : "-";
}

// With protocol 4's head and end.
std::string four(const std::string& body) {
  return read("\x80\x04"s + body + ".");
}

TEST(Unpickle, NumbersAndConstants) {
  EXPECT_EQ(four("K\x2a"), "json:42");
  EXPECT_EQ(four("M\x39\x30"), "json:12345");
  EXPECT_EQ(four("J\xff\xff\xff\xff"), "json:-1");
  EXPECT_EQ(four("\x8a\x06\x00\x00\x00\x00\x00\x80"s), "json:-140737488355328");
  EXPECT_EQ(four("\x8a\x00"s), "json:0");
  EXPECT_EQ(four("G?\xf8\x00\x00\x00\x00\x00\x00"s), "json:1.5");
  EXPECT_EQ(four("N"), "json:null");
  EXPECT_EQ(four("\x88"), "json:true");
}

TEST(Unpickle, TextAndBytes) {
  EXPECT_EQ(four("\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94"s), "text:hi");
  EXPECT_EQ(four("X\x02\x00\x00\x00hiq\x00"s), "text:hi");
  EXPECT_EQ(four("C\x02\x00\xff"s), "bytes:\x00\xff"s);
}

TEST(Unpickle, Containers) {
  EXPECT_EQ(four("]\x94(K\x01K\x02"
                 "e"),
            "json:[1,2]");
  EXPECT_EQ(four("]K\x01"
                 "a"),
            "json:[1]");
  EXPECT_EQ(four("K\x01N\x86"), "json:[1,null]");
  EXPECT_EQ(four("(K\x01K\x02K\x03K\x04t"), "json:[1,2,3,4]");
  EXPECT_EQ(four("}\x94\x8c\x01"s + "aK\x01s"), "json:{\"a\":1}");
  EXPECT_EQ(four("}(\x8c\x01"s + "aK\x01\x8c\x01" + "b]u"), "json:{\"a\":1,\"b\":[]}");
  EXPECT_EQ(four("\x8f(K\x01\x90"), "json:[1]");
}

TEST(Unpickle, TextThatComesAgain) {
  EXPECT_EQ(four("]\x94(\x8c\x01"s + "a\x94h\x01" + "e"), "json:[\"a\",\"a\"]");
  // A list may have grown: it is not taken for what it was.
  EXPECT_EQ(four("]\x94(h\x00"s + "h\x00" + "e"), "-");
}

TEST(Unpickle, WhatIsNotPlainOrBroken) {
  EXPECT_EQ(four("\x8c\x08"
                 "builtins\x8c\x04"
                 "eval\x93"),
            "-");
  EXPECT_EQ(four("cos\nsystem\n"), "-");
  EXPECT_EQ(four("G\x7f\xf0\x00\x00\x00\x00\x00\x00"s), "-");  // infinite
  EXPECT_EQ(four("}K\x01K\x01s"), "-");                        // a number for a key
  EXPECT_EQ(four("]C\x01xa"), "-");                            // bytes in a list
  EXPECT_EQ(four("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), "-");
  EXPECT_EQ(four("r\xff\xff\xff\xff"), "-");
  for (const char* body :
       {"", "(", "a", "e", "s", "u", "t", "\x86", "K", "h\x05", "\x94", "K\x01K\x02"})
    EXPECT_EQ(four(body), "-") << body;
  EXPECT_EQ(read(""), "-");
  EXPECT_EQ(read("\x80\x04K\x01"), "-");
}

TEST(Unpickle, DepthHasALimit) {
  const auto nested = [](size_t n) { return std::string(n, ']') + std::string(n - 1, 'a'); };
  EXPECT_EQ(four(nested(3)), "json:[[[]]]");
  EXPECT_EQ(four(nested(100000)), "-");
}

}  // namespace
}  // namespace ipc::client
