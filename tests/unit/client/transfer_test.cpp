// SPDX-License-Identifier: BSD-3-Clause
// Values to and from engines whose kernels keep bytes.
#include <gtest/gtest.h>

#include "libipc/client/fetch.hpp"
#include "libipc/client/push.hpp"
#include "tests/unit/client/fake_controller.hpp"

namespace ipc::client {
namespace {

using wire::Json;

// What the fake engines hold: bytes by engine and name. Touched in the fake's thread only, and by
// the test while nothing is under way.
struct Kernels {
  std::map<std::string, std::map<std::string, std::string>> values, stages;
  std::map<std::string, std::string> held;
  std::string failing;  // uuid of an engine whose pushes fail
  size_t pieces = 0, largest = 0, released = 0;
  bool short_pieces = false;

  void operator()(const FakeRequest& r) {
    if (r.type == "push_request")
      push(r);
    else
      pull(r);
  }

  void push(const FakeRequest& r) {
    if (r.engine_uuid == failing)
      return r.reply({{"status", "error"}, {"ename", "MemoryError"}, {"evalue", "full"}});
    auto& space = values[r.engine_uuid];
    if (r.content.contains("unbind"))
      for (const std::string name : r.content["unbind"]) space.erase(name);
    if (r.content.contains("names"))
      for (size_t i = 0; i < r.buffers.size(); ++i) space[r.content["names"][i]] = r.buffers[i];
    if (r.content.contains("stage")) {
      const std::string stage = r.content["stage"];
      auto& text = stages[r.engine_uuid][stage];
      if (r.content["begin"] == true) text.clear();
      text += r.buffers.at(0);
      ++pieces;
      largest = std::max(largest, r.buffers.at(0).size());
      if (r.content["end"] == true) {
        space[r.content["name"]] = text;
        stages[r.engine_uuid].erase(stage);
      }
    }
    r.reply({{"status", "ok"}});
  }

  void pull(const FakeRequest& r) {
    if (r.content.contains("token")) return piece(r);
    const std::string name = r.content["names"][0];
    const auto& space = values[r.engine_uuid];
    const auto found = space.find(name);
    if (found == space.end())
      return r.reply({{"status", "error"}, {"ename", "NameError"}, {"evalue", ""}, {"name", name}});
    const bool large = found->second.size() > r.content["limit"];
    if (large) held["t" + r.engine_uuid] = found->second;
    const Json answer = {{"status", "ok"},
                         {"types", {"bytes"}},
                         {"sizes", {found->second.size()}},
                         {"counts", {nullptr}},
                         {"token", large ? Json("t" + r.engine_uuid) : Json()}};
    if (large)
      r.reply(answer);
    else
      r.reply(answer, {found->second});
  }

  void piece(const FakeRequest& r) {
    const auto found = held.find(r.content["token"]);
    if (found == held.end())
      return r.reply({{"status", "error"}, {"ename", "KeyError"}, {"evalue", "token"}});
    if (r.content.contains("release")) {
      held.erase(found);
      ++released;
      return r.reply({{"status", "ok"}});
    }
    std::string bytes = found->second.substr(r.content["offset"], r.content["length"]);
    if (short_pieces) bytes.pop_back();
    r.reply({{"status", "ok"}}, {bytes});
  }
};

struct Transfer : testing::Test {
  Kernels kernels;
  FakeController fake{3, [this](const FakeRequest& r) { kernels(r); }};
  std::unique_ptr<Connection> connection = *Connection::open(fake.options());
  FetchQuery query;

  void SetUp() override {
    ASSERT_TRUE(connection->engines());
    query.names = {"x"};
  }

  Result<std::string> read(const FetchPart& part) {
    std::string bytes;
    IPC_TRY(read_value(*connection, query, part, 0, [&](std::string_view piece) {
      bytes += piece;
      return Status();
    }));
    return bytes;
  }
};

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 977);
  return text;
}

TEST_F(Transfer, small_values_in_one_request) {
  const auto failures =
      push_values(*connection, {0, 2}, "", {{"a", "json", "1"}, {"b", "text", "t"}});
  ASSERT_TRUE(failures);
  EXPECT_TRUE(failures->empty());
  EXPECT_EQ(kernels.values["engine-0"],
            (std::map<std::string, std::string>{{"a", "1"}, {"b", "t"}}));
  EXPECT_EQ(kernels.values["engine-2"], kernels.values["engine-0"]);
  EXPECT_EQ(kernels.values.count("engine-1"), 0u);
}

TEST_F(Transfer, slices_in_pieces_and_back) {
  const std::string bytes = pattern(20'000'001);
  const Source source = Source::of(bytes);
  const auto slices = slice_bytes(source.size(), 3);
  std::vector<Delivery> deliveries;
  for (int i = 0; i < 3; ++i) deliveries.push_back({i, slices[static_cast<size_t>(i)]});
  deliveries[1].slice.prefix = "head";
  const auto failures = push_slices(*connection, "", "x", "bytes", source, deliveries);
  ASSERT_TRUE(failures);
  EXPECT_TRUE(failures->empty());
  EXPECT_LE(kernels.largest, kPiece + 4);
  EXPECT_GE(kernels.pieces, 10u);
  const auto answer = fetch(*connection, {0, 1, 2}, query, soon());
  ASSERT_TRUE(answer);
  ASSERT_TRUE(answer->failures.empty());
  std::string together;
  for (const auto& part : answer->parts) {
    EXPECT_FALSE(part.token.empty());
    const auto value = read(part);
    ASSERT_TRUE(value);
    together += part.engine == 1 ? value->substr(4) : *value;
  }
  EXPECT_TRUE(together == bytes);
  release(*connection, query, answer->parts);
  EXPECT_EQ(kernels.released, 3u);
}

TEST_F(Transfer, empty_slices_are_bound) {
  const Source source = Source::of("");
  const auto failures = push_slices(*connection, "", "x", "lines", source, {{0, {}}, {1, {}}});
  ASSERT_TRUE(failures);
  EXPECT_EQ(kernels.values["engine-0"].at("x"), "");
  EXPECT_EQ(kernels.values["engine-1"].at("x"), "");
}

TEST_F(Transfer, an_engine_that_fails_is_named_once_and_the_others_go_on) {
  kernels.failing = "engine-1";
  const Source source = Source::of(pattern(15'000'000));
  const auto slices = slice_bytes(source.size(), 3);
  const auto failures = push_slices(*connection, "", "x", "bytes", source,
                                    {{0, slices[0]}, {1, slices[1]}, {2, slices[2]}});
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 1u);
  EXPECT_EQ(failures->front().engine, 1);
  EXPECT_EQ(summary(failures->front().error), "MemoryError: full");
  EXPECT_EQ(kernels.values["engine-0"].at("x").size(), 5'000'000u);
  EXPECT_EQ(kernels.values["engine-2"].at("x").size(), 5'000'000u);
}

TEST_F(Transfer, unbind_takes_names_away) {
  kernels.values["engine-0"]["x"] = "old";
  ASSERT_TRUE(unbind(*connection, {0}, "", {"x"}));
  EXPECT_TRUE(kernels.values["engine-0"].empty());
}

TEST_F(Transfer, a_missing_part_releases_the_others) {
  kernels.values["engine-0"]["x"] = pattern(3'000'000);
  kernels.values["engine-1"]["x"] = "small";
  const auto answer = fetch(*connection, {0, 1, 2}, query, soon());
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->failures.size(), 1u);
  EXPECT_EQ(answer->failures[0].engine, 2);
  EXPECT_EQ(answer->failures[0].error.name, "x");
  EXPECT_EQ(kernels.released, 1u);
}

TEST_F(Transfer, small_values_come_with_the_answer) {
  kernels.values["engine-1"]["x"] = "small";
  const auto answer = fetch(*connection, {1}, query, soon());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->parts[0].token.empty());
  EXPECT_EQ(*read(answer->parts[0]), "small");
}

TEST_F(Transfer, a_piece_of_the_wrong_size_is_an_error) {
  kernels.values["engine-0"]["x"] = pattern(3'000'000);
  kernels.short_pieces = true;
  const auto answer = fetch(*connection, {0}, query, soon());
  ASSERT_TRUE(answer);
  const auto value = read(answer->parts[0]);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::failed);
}

TEST_F(Transfer, a_token_that_was_forgotten_is_an_error) {
  kernels.values["engine-0"]["x"] = pattern(3'000'000);
  const auto answer = fetch(*connection, {0}, query, soon());
  ASSERT_TRUE(answer);
  kernels.held.clear();
  EXPECT_EQ(read(answer->parts[0]).error().text(), "0: KeyError: token");
}

TEST(Fetch, answers_of_the_wrong_form) {
  for (const char* text :
       {R"({"status":"ok"})", R"({"status":"ok","types":["text"],"sizes":["3"],"counts":[null]})",
        R"({"status":"ok","types":["text"],"sizes":[3],"counts":[null]})",
        R"({"status":"ok","types":[],"sizes":[],"counts":[]})",
        R"({"status":"ok","types":["text"],"sizes":[-3],"counts":[null],"token":"t"})"}) {
    FakeController fake(1, [&](const FakeRequest& r) { r.reply(Json::parse(text), {"four"}); });
    auto connection = *Connection::open(fake.options());
    ASSERT_TRUE(connection->engines());
    FetchQuery query;
    query.names = {"x"};
    const auto answer = fetch(*connection, {0}, query, soon());
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->failures.size(), 1u) << text;
    EXPECT_EQ(answer->failures[0].error.ename, "BadReply");
  }
}

}  // namespace
}  // namespace ipc::client
