// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/client/slices.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "libipc/util/file.hpp"

namespace ipc::client {
namespace {

std::vector<std::string> texts(const Source& source, const Result<std::vector<Slice>>& slices) {
  std::vector<std::string> list;
  EXPECT_TRUE(slices);
  if (!slices) return list;
  for (const Slice& slice : *slices) {
    const auto bytes = source.read(slice.begin, static_cast<size_t>(slice.end - slice.begin));
    list.push_back(slice.prefix + (bytes ? *bytes : "?"));
  }
  return list;
}

using Strings = std::vector<std::string>;

TEST(Slices, the_first_get_one_more) {
  EXPECT_EQ(share_out(10, 4), (std::vector<uint64_t>{3, 3, 2, 2}));
  EXPECT_EQ(share_out(2, 4), (std::vector<uint64_t>{1, 1, 0, 0}));
  EXPECT_EQ(share_out(0, 2), (std::vector<uint64_t>{0, 0}));
}

TEST(Slices, lines) {
  const auto lines = [](const char* text, size_t parts) {
    const Source source = Source::of(text);
    return texts(source, slice_separated(source, '\n', parts));
  };
  EXPECT_EQ(lines("a\nb\nc\n", 2), (Strings{"a\nb\n", "c\n"}));
  EXPECT_EQ(lines("a\nb\nc", 2), (Strings{"a\nb\n", "c"}));
  EXPECT_EQ(lines("a\nb", 4), (Strings{"a\n", "b", "", ""}));
  EXPECT_EQ(lines("\n\n\n", 3), (Strings{"\n", "\n", "\n"}));
  EXPECT_EQ(lines("", 2), (Strings{"", ""}));
  EXPECT_EQ(lines("x", 1), (Strings{"x"}));
}

TEST(Slices, lines_over_many_blocks) {
  std::string text;
  for (int i = 0; i < 400000; ++i) text += std::to_string(i) + "\n";
  const Source source = Source::of(text);
  const auto slices = slice_separated(source, '\n', 7);
  const Strings parts = texts(source, slices);
  std::string together;
  for (const auto& part : parts) {
    together += part;
    const auto lines = std::count(part.begin(), part.end(), '\n');
    EXPECT_TRUE(lines == 57142 || lines == 57143) << lines;
  }
  EXPECT_EQ(together, text);
}

TEST(Slices, bytes) {
  const Source source = Source::of("abcde");
  EXPECT_EQ(texts(source, slice_bytes(source.size(), 2)), (Strings{"abc", "de"}));
}

TEST(Slices, json) {
  EXPECT_EQ(*slice_json(R"([1, {"a": [2]}, "x"])", 2), (Strings{R"([1,{"a":[2]}])", R"(["x"])"}));
  EXPECT_EQ(*slice_json("[]", 2), (Strings{"[]", "[]"}));
  EXPECT_EQ(slice_json("{}", 2).error().code, Code::bad_input);
  EXPECT_EQ(slice_json("[1", 2).error().code, Code::bad_input);
}

std::string npy(const std::string& dict, const std::string& data, char version = 1) {
  std::string text = "\x93NUMPY";
  text += {version, 0, static_cast<char>(dict.size()), 0};
  if (version > 1) text += {0, 0};
  return text + dict + data;
}

TEST(Slices, npy_rows) {
  const Source source = Source::of(
      npy("{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }\n", "aabbccddeeff"));
  const Strings parts = texts(source, slice_npy(source, 2));
  ASSERT_EQ(parts.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(parts[i].find("aabb") != std::string::npos, i == 0);
    const size_t data = parts[i].find('\n') + 1;
    EXPECT_EQ(data % 64, 0u);
    EXPECT_EQ(parts[i].substr(data), i == 0 ? "aabbccdd" : "eeff");
    EXPECT_NE(parts[i].find(i == 0 ? "'shape': (2, 2,)" : "'shape': (1, 2,)"), std::string::npos);
    EXPECT_NE(parts[i].find("'descr': '<i2'"), std::string::npos);
  }
}

TEST(Slices, npy_that_is_none) {
  const char* const kGood = "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }";
  for (const std::string& text :
       {std::string("hello, this is text"), std::string(), npy(kGood, "aabb"), npy(kGood, "aabbc"),
        npy("{'descr': '<i2', 'fortran_order': True, 'shape': (3, 2), }", "aabbccddeeff"),
        npy("{'descr': '<i2', 'fortran_order': False, 'shape': (), }", "aa"),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "aa"),
        npy("{'descr': '<i2', 'fortran_order': False, 'shape': (-1,), }", "aa"),
        npy("{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999999999999,), }", "aa"),
        npy("{'fortran_order': False}", "aa"), npy(kGood, "aabbcc", 9),
        npy(kGood, "").substr(0, 30)}) {
    const Source source = Source::of(text);
    const auto slices = slice_npy(source, 2);
    ASSERT_FALSE(slices) << text;
    EXPECT_EQ(slices.error().code, Code::bad_input);
  }
}

TEST(Source, small_input_stays_in_memory_large_goes_to_a_file) {
  for (const size_t limit : {size_t{4}, size_t{1000}}) {
    Spool spool(limit);
    ASSERT_TRUE(spool.append("abc"));
    ASSERT_TRUE(spool.append("defgh\n"));
    EXPECT_EQ(spool.last(), '\n');
    const auto source = std::move(spool).finish();
    ASSERT_TRUE(source);
    EXPECT_EQ(source->size(), 9u);
    EXPECT_EQ(*source->read(2, 4), "cdef");
    EXPECT_EQ(*source->read(9, 0), "");
    EXPECT_EQ(source->read(8, 2).error().code, Code::bad_input);
    EXPECT_EQ(source->read(UINT64_MAX, 2).error().code, Code::bad_input);
  }
}

TEST(Source, regular_file_from_its_position) {
  char path[] = "/tmp/ipkit-source-XXXXXX";
  Fd fd(::mkstemp(path));
  ASSERT_TRUE(write_all(fd.get(), "0123456789"));
  ::lseek(fd.get(), 4, SEEK_SET);
  const int raw = fd.get();
  const auto source = Source::of_file(std::move(fd));
  ::unlink(path);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->size(), 6u);
  EXPECT_EQ(*source->read(0, 6), "456789");
  ASSERT_EQ(::ftruncate(raw, 5), 0);
  EXPECT_EQ(source->read(0, 6).error().code, Code::bad_input);
}

TEST(Source, a_pipe_is_no_file) {
  auto pipe = make_pipe();
  EXPECT_EQ(Source::of_file(std::move(pipe->first)).error().code, Code::bad_input);
}

}  // namespace
}  // namespace ipc::client
