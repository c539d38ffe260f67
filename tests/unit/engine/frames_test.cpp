// SPDX-License-Identifier: BSD-3-Clause
// The stream between engine and kernel: in any pieces, of any size, and when it is wrong.
#include "libipc/engine/frames.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "libipc/engine/output.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::engine {
namespace {

struct FramesTest : testing::Test {
  FdPair pair = *make_socket_pair();
  FrameReader reader;
  FrameWriter writer;

  void SetUp() override {
    ASSERT_TRUE(set_nonblocking(pair.first.get()));
    ASSERT_TRUE(set_nonblocking(pair.second.get()));
  }
  /// Moves bytes until a message is whole.
  bool transfer(KernelMessage& message) {
    for (int i = 0; i < 100000; ++i) {
      if (reader.next(message)) return true;
      if (reader.broken()) return false;
      writer.flush(pair.first.get());
      reader.read(pair.second.get());
    }
    return false;
  }
};

TEST_F(FramesTest, SmallAndLargeMessagesInOneStream) {
  const std::string large(3'000'000, 'L'), middle(200'000, 'M');
  for (const std::string* buffer : {&large, &middle}) {
    for (int i = 0; i < 3; ++i) {
      const std::string_view parts[] = {"{\"h\":1}", "{}", "{}", "content", *buffer, "", "end"};
      net::Frames frames(7);
      if (i == 1) frames[4] = net::Frame(*buffer);
      writer.add(parts, frames);
      const std::string_view small[] = {"h", "", "", "c"};
      writer.add(small);
    }
  }
  for (const std::string* buffer : {&large, &middle}) {
    for (int i = 0; i < 3; ++i) {
      KernelMessage message;
      ASSERT_TRUE(transfer(message)) << reader.error();
      EXPECT_EQ(message.header, "{\"h\":1}");
      EXPECT_EQ(message.content, "content");
      ASSERT_EQ(message.buffers.size(), 3u);
      EXPECT_TRUE(message.buffers[0] == *buffer);
      EXPECT_TRUE(reader.take_buffer(message, 0).view() == *buffer);
      EXPECT_EQ(message.buffers[1], "");
      EXPECT_EQ(message.buffers[2], "end");
      ASSERT_TRUE(transfer(message));
      EXPECT_EQ(message.header, "h");
      EXPECT_TRUE(message.buffers.empty());
    }
  }
  EXPECT_TRUE(writer.empty());
}

// What is sent of a very large frame is given back while the rest is on its way, except where
// somebody else has the same frame.
TEST_F(FramesTest, AVeryLargeFrameIsWholeAndASharedOneStays) {
  std::string bytes(20'000'000, '\0');
  for (size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>('a' + i / 1000 % 26);
  for (const bool is_shared : {false, true}) {
    net::Frames frames(5);
    frames[4] = net::Frame(bytes);
    const net::Frame other = is_shared ? frames[4].share() : net::Frame();
    const std::string_view parts[] = {"h", "", "", "c", frames[4].view()};
    writer.add(parts, frames);
    KernelMessage message;
    ASSERT_TRUE(transfer(message)) << reader.error();
    ASSERT_EQ(message.buffers.size(), 1u);
    EXPECT_TRUE(message.buffers[0] == bytes);
    EXPECT_TRUE(other.view() == (is_shared ? bytes : ""));
  }
}

TEST_F(FramesTest, AByteAtATime) {
  const std::string_view parts[] = {"head", "", "{}", "content", "buffer"};
  writer.add(parts);
  FdPair other = *make_socket_pair();
  ASSERT_EQ(writer.flush(other.first.get()), FrameWriter::Output::done);
  char byte;
  KernelMessage message;
  other.first.reset();
  while (::read(other.second.get(), &byte, 1) == 1) {
    ASSERT_FALSE(reader.next(message));
    ASSERT_EQ(::write(pair.first.get(), &byte, 1), 1);
    reader.read(pair.second.get());
  }
  ASSERT_TRUE(reader.next(message));
  EXPECT_EQ(message.content, "content");
  EXPECT_EQ(message.buffers.at(0), "buffer");
}

TEST_F(FramesTest, WrongCountsAndLengthsBreakTheStream) {
  using namespace std::string_literals;
  const std::string few = "\3\0\0\0"s + std::string(24, '\0');
  const std::string many = "\1\20\0\0"s;
  const std::string huge = "\4\0\0\0"s + std::string(31, '\0') + "\x7f";
  for (const auto& bytes : {few, many, huge}) {
    FrameReader fresh;
    ASSERT_EQ(::write(pair.first.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    fresh.read(pair.second.get());
    KernelMessage message;
    EXPECT_FALSE(fresh.next(message));
    EXPECT_TRUE(fresh.broken());
    EXPECT_EQ(fresh.read(pair.second.get()), FrameReader::Input::broken);
  }
}

TEST_F(FramesTest, AClosedEndIsSeen) {
  pair.first.reset();
  EXPECT_EQ(reader.read(pair.second.get()), FrameReader::Input::closed);
  const std::string_view parts[] = {"h", "", "", "c"};
  writer.add(parts);
  EXPECT_EQ(writer.flush(pair.second.get()), FrameWriter::Output::closed);
}

TEST(TextStreamTest, CutsBetweenCharacters) {
  TextStream stream;
  EXPECT_EQ(stream.take("a\xe2\x82", false), "a");
  EXPECT_EQ(stream.take("\xac!\xf0\x9f", false), "\xe2\x82\xac!");
  EXPECT_EQ(stream.take("\x98", false), "");
  EXPECT_EQ(stream.take("\x80", false), "\xf0\x9f\x98\x80");
  EXPECT_EQ(stream.take("\xff\xfe", false), "\xff\xfe") << "what is no text is not held";
  EXPECT_EQ(stream.take("x\xc3", false), "x");
  EXPECT_EQ(stream.take("", true), "\xc3");
  EXPECT_EQ(stream.take("", true), "");
}

}  // namespace
}  // namespace ipc::engine
