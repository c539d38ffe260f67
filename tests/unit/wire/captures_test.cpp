// SPDX-License-Identifier: BSD-3-Clause
// Recorded traffic of the reference: every message parses, verifies as recorded, and encodes again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libipc/wire/codec.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::wire {
namespace {

const char* const kCaptures = "tests/data/captures";

std::string from_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, value = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) continue;
    value = value << 6 | static_cast<unsigned>(digit);
    if ((bits += 6) >= 8) bytes += static_cast<char>(value >> (bits -= 8));
  }
  return bytes;
}

std::string decode_frame(const std::string& text) {
  return text.starts_with("b64:") ? from_base64(text.substr(4)) : text.substr(5);
}

struct Recorded {
  Json line;
  std::vector<std::string> frames;
  std::vector<std::string_view> views;
};

// Calls `check(message, signer)` for each message of a capture file; returns how many there were.
template <class Check>
int replay(const std::string& path, std::string key, Check check) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << ": run the tests from the top of the source tree";
  auto signer = Signer::create("hmac-sha256", key);
  int count = 0;
  for (std::string text; std::getline(file, text);) {
    Recorded message;
    message.line = Json::parse(text);
    if (message.line["step"] == "session") {
      signer = Signer::create("hmac-sha256", message.line["hmac_key"]);
      continue;
    }
    for (const auto& frame : message.line["frames"]) message.frames.push_back(decode_frame(frame));
    message.views.assign(message.frames.begin(), message.frames.end());
    check(message, *signer);
    ++count;
  }
  return count;
}

template <class Check>
int replay_all(Check check) {
  const std::string top = kCaptures;
  const Json session = Json::parse(std::ifstream(top + "/7.1/session.json"));
  int count = replay(top + "/7.1/capture.jsonl", session["hmac_key"], check);
  for (const auto& entry : std::filesystem::directory_iterator(top + "/7.1-extra"))
    count += replay(entry.path(), "", check);
  return count;
}

TEST(Captures, EveryMessageIsLocatedAndVerifiesAsRecorded) {
  int messages = 0, invalid = 0;
  const int lines = replay_all([&](Recorded& message, Signer& signer) {
    if (!message.line.contains("signature_ok")) return;  // a heartbeat
    const auto view = locate(message.views);
    ASSERT_TRUE(view) << message.line.dump();
    EXPECT_EQ(signer.verify(*view), message.line["signature_ok"].get<bool>())
        << message.line["step"];
    ++messages;
    invalid += !message.line["signature_ok"].get<bool>();
  });
  EXPECT_GT(lines, messages);
  EXPECT_GT(messages, 500);
  EXPECT_GT(invalid, 0) << "the captures hold deliberately bad signatures";
}

TEST(Captures, SignaturesAreRecomputedEqual) {
  replay_all([&](Recorded& message, Signer& signer) {
    if (!message.line.value("signature_ok", false)) return;
    const auto view = locate(message.views);
    ASSERT_TRUE(view);
    EXPECT_EQ(signer.sign(view->header, view->parent, view->metadata, view->content),
              view->signature);
  });
}

TEST(Captures, HeadersReadFastAndSlowAgree) {
  FieldParser parser;
  replay_all([&](Recorded& message, Signer&) {
    if (!message.line.contains("signature_ok")) return;
    const auto view = locate(message.views);
    ASSERT_TRUE(view);
    const auto fast = parser.header(view->header);
    ASSERT_TRUE(fast) << view->header;
    const Json slow = *parse_json(view->header);
    EXPECT_EQ(fast->msg_id, slow["msg_id"].get<std::string>());
    EXPECT_EQ(fast->msg_type, slow["msg_type"].get<std::string>());
    EXPECT_EQ(fast->session, slow["session"].get<std::string>());
    EXPECT_EQ(fast->date, slow["date"].get<std::string>());
    if (message.line.contains("msg_type")) {
      EXPECT_EQ(fast->msg_type, message.line["msg_type"].get<std::string>());
    }
  });
}

TEST(Captures, EveryPartEncodesAgainEquivalently) {
  replay_all([&](Recorded& message, Signer&) {
    if (!message.line.contains("signature_ok")) return;
    const auto view = locate(message.views);
    ASSERT_TRUE(view);
    for (const auto text : {view->header, view->parent, view->metadata, view->content}) {
      const auto parsed = parse_json(text);
      ASSERT_TRUE(parsed) << text;
      EXPECT_EQ(*parse_json(dump_json(*parsed)), *parsed);
    }
  });
}

}  // namespace
}  // namespace ipc::wire
