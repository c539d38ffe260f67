// SPDX-License-Identifier: BSD-3-Clause
// Messages in frames, signatures, headers: also the hostile ones.
#include "libipc/wire/codec.hpp"

#include <gtest/gtest.h>

#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::wire {
namespace {

using Views = std::vector<std::string_view>;

TEST(Locate, SplitsAtTheFirstDelimiter) {
  const Views frames{"a", "b", "<IDS|MSG>", "sig", "h", "p", "m", "c", "<IDS|MSG>", "buffer"};
  const auto view = locate(frames);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->identities.size(), 2u);
  EXPECT_EQ(view->signature, "sig");
  EXPECT_EQ(view->content, "c");
  ASSERT_EQ(view->buffers.size(), 2u);
  EXPECT_EQ(view->buffers[1], "buffer");
}

TEST(Locate, RefusesWhatIsNoMessage) {
  EXPECT_FALSE(locate(Views{}));
  EXPECT_FALSE(locate(Views{"", "x"}));
  EXPECT_FALSE(locate(Views{"<IDS|MSG>", "sig", "h", "p", "m"}));
  EXPECT_FALSE(locate(Views{"<IDS|MS>", "sig", "h", "p", "m", "c"}));
}

TEST(Locate, HoldsToItsLimits) {
  Limits limits;
  limits.frames = 7;
  limits.json_bytes = 8;
  EXPECT_TRUE(locate(Views{"<IDS|MSG>", "s", "12", "12", "12", "12", "b"}, limits));
  EXPECT_FALSE(locate(Views{"<IDS|MSG>", "s", "12", "12", "12", "123"}, limits));
  EXPECT_FALSE(locate(Views{"<IDS|MSG>", "s", "1", "1", "1", "1", "b", "b"}, limits));
}

View message(const Views& frames) {
  return *locate(frames);
}

TEST(Signer, KnownAnswer) {
  // RFC 4231, test case 2: key "Jefe", data split over the four parts.
  auto signer = Signer::create("hmac-sha256", "Jefe");
  ASSERT_TRUE(signer);
  EXPECT_EQ(signer->sign("what do ya ", "want ", "for ", "nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Signer, LongKeysAreHashedFirst) {
  // RFC 4231, test case 6: a key of 131 bytes.
  auto signer = Signer::create("hmac-sha256", std::string(131, '\xaa'));
  EXPECT_EQ(signer->sign("Test Using Larger Than Block-Size Key - Hash Key First", "", "", ""),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Signer, OtherHashes) {
  auto signer = Signer::create("hmac-sha512", "Jefe");
  ASSERT_TRUE(signer);
  EXPECT_EQ(signer->sign("what do ya want ", "for nothing?", "", "").substr(0, 32),
            "164b7a7bfcf819e2e395fbe73b56e0a3");
  EXPECT_FALSE(Signer::create("hmac-nonsense", "k"));
  EXPECT_FALSE(Signer::create("sha256", "k"));
}

TEST(Signer, RefusesChangedUnsignedAndForeign) {
  auto signer = *Signer::create("hmac-sha256", "key");
  const std::string signature(signer.sign("h", "p", "m", "c"));
  EXPECT_TRUE(signer.verify(message({"<IDS|MSG>", signature, "h", "p", "m", "c"})));
  EXPECT_FALSE(signer.verify(message({"<IDS|MSG>", signature, "h", "p", "m", "C"})));
  EXPECT_FALSE(signer.verify(message({"<IDS|MSG>", "", "h", "p", "m", "c"})));
  auto other = *Signer::create("hmac-sha256", "other");
  EXPECT_FALSE(other.verify(message({"<IDS|MSG>", signature, "h", "p", "m", "c"})));
  auto off = *Signer::create("hmac-sha256", "");
  EXPECT_TRUE(off.verify(message({"<IDS|MSG>", "anything", "h", "p", "m", "c"})));
  EXPECT_EQ(off.sign("h", "p", "m", "c"), "");
}

TEST(DigestHistory, RefusesRepeatsAndStaysBounded) {
  DigestHistory history;
  auto signer = *Signer::create("hmac-sha256", "key");
  const std::string first(signer.sign("first", "", "", ""));
  EXPECT_TRUE(history.add(first));
  EXPECT_FALSE(history.add(first));
  for (int i = 0; i < 100'000; ++i)
    EXPECT_TRUE(history.add(signer.sign(std::to_string(i), "", "", "")));
  EXPECT_FALSE(history.add(signer.sign("99999", "", "", "")));
  EXPECT_TRUE(history.add(first)) << "long ago, forgotten";
}

TEST(FieldParser, ReadsHeadersAndRefusesOthers) {
  FieldParser parser;
  const auto header = parser.header(R"({"msg_id":"a_1","extra":[1,{"b":2}],"msg_type":"t\u0041"})");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->msg_id, "a_1");
  EXPECT_EQ(header->msg_type, "tA");
  for (const char* bad :
       {"", "{", "[]", "null", "{}", R"({"msg_id":"x"})", R"({"msg_id":1,"msg_type":"t"})",
        R"({"msg_id":"x","msg_type":""})", R"({"msg_id":"x" "msg_type":"t"})", "\xff\xfe"})
    EXPECT_FALSE(parser.header(bad)) << bad;
}

TEST(FieldParser, SingleFields) {
  FieldParser parser;
  EXPECT_EQ(parser.field(R"({"a":1,"status":"ok"})", "status"), "ok");
  EXPECT_EQ(parser.field(R"({"a": 12 ,"b":true})", "a"), "12");
  EXPECT_EQ(parser.field(R"({"a":1})", "b"), "");
  EXPECT_EQ(parser.field("nonsense", "b"), "");
}

TEST(Session, HeadersAreUniqueAndReadable) {
  Session session;
  EXPECT_EQ(session.id().size(), 8u + 1 + 24);
  FieldParser parser;
  const std::string first = session.header("x_request"), second = session.header("x_request");
  const std::string first_id(parser.header(first)->msg_id);
  EXPECT_TRUE(first_id.starts_with(session.id() + "_"));
  EXPECT_NE(first_id, parser.header(second)->msg_id);
  EXPECT_EQ(parser.header(second)->session, session.id());
  EXPECT_EQ(parse_json(first)->at("version"), "5.3");
}

TEST(Json, DepthIsBounded) {
  EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\"")) << "in a string it is only text";
  EXPECT_FALSE(parse_json("{\"a\":"));
  EXPECT_FALSE(parse_json("1e999999")) << "out of range";
}

}  // namespace
}  // namespace ipc::wire
