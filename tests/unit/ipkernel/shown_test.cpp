// SPDX-License-Identifier: BSD-3-Clause
// What a front end sees of one engine, and of several.
#include "cmd/ipkernel/shown.hpp"

#include <gtest/gtest.h>

namespace ipkernel {
namespace {

using ipc::wire::Json;
using Messages = std::vector<std::pair<std::string, Json>>;

/// A cell on these engines, and what was published.
struct Seen {
  explicit Seen(const std::vector<int>& engines)
      : shown(engines,
              {[this](std::string_view type, const Json& content, std::vector<ipc::net::Frame>) {
                 messages.emplace_back(type, content);
               },
               [this](int n) { number = n; },
               [this](const ipc::console::Question& question) {
                 prompt = question.prompt;
                 return ipc::console::Answer{ipc::console::Answer::Kind::text, "yes"};
               }}) {}

  void message(int engine, std::string_view type, const Json& content) {
    shown.message({"id", type, engine, nothing, ""}, content);
  }
  void reply(int engine, const std::string& content, ipc::client::Outcome outcome) {
    ipc::client::Reply reply;
    reply.engine = engine;
    reply.outcome = outcome;
    text = content;
    reply.message.view.content = text;
    shown.reply(reply);
  }
  std::string printed() const {
    std::string all;
    for (const auto& [type, content] : messages)
      if (type == "stream") all += content["text"].get<std::string>();
    return all;
  }

  ipc::net::Incoming nothing;
  Messages messages;
  int number = 0;
  std::string prompt, text;
  Shown shown;
};

constexpr auto kOk = ipc::client::Outcome::ok;
constexpr auto kError = ipc::client::Outcome::error;

TEST(Shown, OneEnginePassesAsItIs) {
  Seen seen({3});
  seen.message(3, "execute_input", {{"code", "x"}, {"execution_count", 7}});
  EXPECT_EQ(seen.number, 7);
  seen.shown.stream(3, false, "no end\xc3");
  EXPECT_EQ(seen.printed(), "no end");
  seen.shown.stream(3, false, "\xa9");
  EXPECT_EQ(seen.printed(), "no end\xc3\xa9");
  const Json result = {{"data", {{"text/plain", "42"}}}, {"execution_count", 7}};
  seen.message(3, "execute_result", result);
  seen.message(3, "clear_output", {{"wait", true}});
  EXPECT_EQ(seen.messages.at(2), (std::pair<std::string, Json>("execute_result", result)));
  EXPECT_EQ(seen.messages.at(3).first, "clear_output");
  seen.message(3, "comm_open", Json::object());
  EXPECT_EQ(seen.messages.size(), 4u);
}

TEST(Shown, LinesOfSeveralHaveTheirEngines) {
  Seen seen({0, 1});
  seen.shown.stream(0, false, "one\ntw");
  seen.shown.stream(1, true, "bad\n");
  EXPECT_EQ(seen.printed(), "[stdout:0] one\n[stderr:1] bad\n");
  seen.reply(0, "{}", kOk);
  EXPECT_EQ(seen.printed(), "[stdout:0] one\n[stderr:1] bad\n[stdout:0] tw\n");
  seen.message(0, "clear_output", {{"wait", true}});
  EXPECT_EQ(seen.messages.size(), 3u);
}

TEST(Shown, ValuesOfSeveralComeInTheirOrderAtTheEnd) {
  Seen seen({0, 1});
  seen.message(1, "execute_result", {{"data", {{"text/plain", "a"}}}, {"execution_count", 5}});
  seen.message(0, "execute_result", {{"data", {{"text/plain", "b\nc"}, {"text/html", "<b>"}}}});
  EXPECT_TRUE(seen.messages.empty());
  seen.shown.finish();
  ASSERT_EQ(seen.messages.size(), 3u);
  EXPECT_EQ(seen.messages[0].second["text"], "Out[0]:\n");
  EXPECT_EQ(seen.messages[1].second["data"]["text/html"], "<b>");
  EXPECT_EQ(seen.messages[2].first, "display_data");
  EXPECT_EQ(seen.messages[2].second["data"]["text/plain"], "Out[1:5]: a");
}

TEST(Shown, DisplaysOfSeveralKeepApart) {
  Seen seen({0, 1});
  const Json content = {{"data", {{"text/html", "<b>"}}}, {"transient", {{"display_id", "x"}}}};
  seen.message(1, "display_data", content);
  seen.message(1, "update_display_data", content);
  ASSERT_EQ(seen.messages.size(), 3u);
  EXPECT_EQ(seen.messages[0].second["text"], "[output:1]\n");
  EXPECT_EQ(seen.messages[1].second["transient"]["display_id"], "1:x");
  EXPECT_EQ(seen.messages[2].first, "update_display_data");
  EXPECT_EQ(seen.messages[2].second["transient"]["display_id"], "1:x");
}

TEST(Shown, EqualErrorsOfSeveralComeOnce) {
  Seen seen({0, 1, 2});
  const std::string same = R"({"status":"error","ename":"E","evalue":"v","traceback":["t"]})";
  seen.reply(2, same, kError);
  seen.reply(1, R"({"status":"error","ename":"F","evalue":"w","traceback":[]})", kError);
  seen.reply(0, same, kError);
  const auto end = seen.shown.finish();
  ASSERT_EQ(end.errors.size(), 2u);
  EXPECT_EQ(end.errors[0].evalue, "[0,2 (2)] v");
  EXPECT_EQ(end.errors[0].traceback, (std::vector<std::string>{"[0,2 (2):execute]", "t"}));
  EXPECT_EQ(end.errors[1].traceback.at(0), "[1:execute]");
  EXPECT_EQ(end.errors[1].traceback.at(1), "F: w");
}

TEST(Shown, QuestionsAndPagesPass) {
  Seen seen({0, 1});
  EXPECT_EQ(seen.shown.ask({1, "id", "who? ", false}).text, "yes");
  EXPECT_EQ(seen.prompt, "1: who? ");
  seen.reply(0,
             R"({"status":"ok","user_expressions":{"a":1},
                 "payload":[{"source":"page","data":{}},{"source":"set_next_input"},7]})",
             kOk);
  const auto end = seen.shown.finish();
  EXPECT_EQ(end.expressions["a"], 1);
  EXPECT_EQ(end.pages.size(), 1u);
}

}  // namespace
}  // namespace ipkernel
