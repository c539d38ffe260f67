// SPDX-License-Identifier: BSD-3-Clause
// Requests to engines that are not known as ours, and what comes of them.
#include "libipc/client/guest.hpp"

#include <gtest/gtest.h>

#include "libipc/client/feed.hpp"
#include "tests/unit/client/fake_controller.hpp"

namespace ipc::client {
namespace {

using wire::Json;

constexpr const char* kMark = "\x93ipkit-guest\r\n\x1a\n";

std::string number(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// What the helper in the engine answers.
std::string answer(const std::vector<std::string>& parts) {
  std::string bytes = kMark + number(parts.size());
  for (const auto& part : parts) bytes += number(part.size());
  for (const auto& part : parts) bytes += part;
  return bytes + "   ";
}

Request request_of(std::string type, std::string content = "{}") {
  Request request;
  request.type = std::move(type);
  request.content = std::move(content);
  return request;
}

std::unique_ptr<Connection> connect(FakeController& fake) {
  auto connection = Connection::open(fake.options());
  EXPECT_TRUE(connection) << connection.error().text();
  EXPECT_TRUE((*connection)->engines());
  return *std::move(connection);
}

TEST(Guest, runs_plain_code_itself) {
  EXPECT_TRUE(Guest::serves(request_of("execute_request", R"({"code":"1"})")));
  for (const char* key : {"value", "stdin", "argv", "file", "push", "clear_after"})
    EXPECT_FALSE(Guest::serves(
        request_of("execute_request", R"({"code":"1",")" + std::string(key) + R"(":true})")));
  for (const char* type : {"push_request", "pull_request", "map_request", "list_request"})
    EXPECT_FALSE(Guest::serves(request_of(type)));
  EXPECT_FALSE(Guest::serves(request_of("execute_request", "no JSON")));
}

TEST(Guest, other_requests_are_calls) {
  FakeController fake(
      2,
      [](const FakeRequest& r) {
        EXPECT_EQ(r.type, "apply_request");
        EXPECT_EQ(r.engine_uuid, FakeController::uuid(1));
        ASSERT_EQ(r.buffers.size(), 4u);
        EXPECT_NE(r.buffers[3].find("pull_request"), std::string::npos);
        EXPECT_NE(r.buffers[3].find("piece of data"), std::string::npos);
        r.reply({{"status", "ok"}}, {"a pickle", answer({R"({"status":"ok","n":1})", "data", ""})});
      },
      false);
  auto connection = connect(fake);
  Request request = request_of("pull_request");
  request.buffers.emplace_back("piece of data");
  std::optional<Reply> reply;
  ASSERT_TRUE(connection->send(1, std::move(request), [&](Reply&& r) { reply = std::move(r); }));
  ASSERT_TRUE(connection->wait_all(soon()));
  EXPECT_EQ(reply->type, "pull_reply");
  EXPECT_EQ(reply->outcome, Outcome::ok);
  EXPECT_EQ(wire::int_or(reply->content(), "n", 0), 1);
  ASSERT_EQ(reply->buffer_count(), 2u);
  EXPECT_EQ(reply->buffer(0), "data");
  EXPECT_EQ(reply->buffer(1), "");
}

// The reply to a call whose frames are `buffers`.
Reply unwrapped(std::vector<std::string> buffers) {
  Reply reply;
  for (auto& buffer : buffers) reply.message.frames.push_back(net::Frame::adopt(std::move(buffer)));
  net::view_frames(reply.message.frames, reply.message.views);
  reply.message.view.buffers = reply.message.views;
  unwrap(reply, "map_request");
  return reply;
}

TEST(Guest, an_answer_may_be_inside_of_the_pickle) {
  const Reply reply =
      unwrapped({"\x80\x04"
                 "B" +
                 answer({R"({"status":"ok"})", "x"}) + "."});
  EXPECT_EQ(reply.outcome, Outcome::ok);
  EXPECT_EQ(reply.buffer(0), "x");
}

TEST(Guest, an_error_in_the_answer_is_one) {
  const Reply reply =
      unwrapped({"p", answer({R"({"status":"error","ename":"NameError","name":"y"})"})});
  EXPECT_EQ(reply.outcome, Outcome::error);
  EXPECT_EQ(reply.error().name, "y");
}

TEST(Guest, strange_answers_are_errors) {
  const std::string good = answer({R"({"status":"ok"})", "x"});
  for (const std::string& bytes :
       {std::string(), std::string("nothing"), std::string(kMark), good.substr(0, 30),
        good.substr(0, good.size() - 4), kMark + number(~uint64_t{0}),
        kMark + number(2) + number(~uint64_t{0}) + number(1) + "xx"}) {
    const Reply reply = unwrapped({"pickle", bytes});
    EXPECT_EQ(reply.outcome, Outcome::error);
    EXPECT_EQ(reply.error().ename, "BadReply");
  }
  EXPECT_EQ(unwrapped({}).error().ename, "BadReply");
}

TEST(Guest, modules_travel_until_they_are_there) {
  std::mutex mutex;
  std::vector<bool> with_text;
  FakeController fake(
      1,
      [&](const FakeRequest& r) {
        const std::lock_guard lock(mutex);
        with_text.push_back(r.buffers[3].find("def serve(") != std::string::npos);
        // The third finds a kernel that has just begun.
        const bool missing = with_text.size() == 3;
        r.reply({{"status", "ok"}},
                {missing ? kMark + number(0) : answer({R"({"status":"ok"})", r.buffers[3]})});
      },
      false);
  auto connection = connect(fake);
  for (const char* data : {"first", "second", "third"}) {
    Request request = request_of("push_request");
    request.buffers.emplace_back(data);
    bool there = false;
    ASSERT_TRUE(connection->send(0, std::move(request), [&](Reply&& reply) {
      there = reply.buffer(0).find(data) != std::string::npos;
    }));
    ASSERT_TRUE(connection->wait_all(soon()));
    EXPECT_TRUE(there);
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(with_text, (std::vector<bool>{true, false, false, true}));
}

TEST(Guest, output_before_the_reply_although_it_comes_later) {
  FakeController fake(
      2,
      [](const FakeRequest& r) {
        EXPECT_FALSE(r.metadata.contains("status"));
        r.publish("status", R"({"execution_state":"busy"})");
        r.reply({{"status", "ok"}});
        r.publish("stream", R"({"name":"stdout","text":"late\n"})");
        r.publish("stream", "{\"name\":\"stdout\",\"text\":\"\xff\"}");
        r.publish("status", R"({"execution_state":"idle"})");
      },
      false);
  auto connection = connect(fake);
  std::string seen;
  connection->on_output([&](const Output& output) {
    EXPECT_EQ(output.engine, 1);
    seen += output.data();
  });
  Request request = request_of("execute_request", R"({"code":"1"})");
  request.directed = true;
  ASSERT_TRUE(connection->send(1, std::move(request), [&](Reply&&) { seen += "reply"; }));
  ASSERT_TRUE(connection->wait_all(soon()));
  EXPECT_EQ(seen, "late\n\xffreply");
}

TEST(Guest, only_what_runs_gets_a_signal) {
  std::mutex mutex;
  std::vector<std::string> asked;
  FakeController fake(
      2,
      [&](const FakeRequest& r) {
        const std::lock_guard lock(mutex);
        if (r.channel == "control") asked.push_back(r.type + " " + r.engine_uuid);
        if (r.channel == "control") return r.reply({{"status", "ok"}});
        if (r.engine_uuid == FakeController::uuid(1))
          r.publish("status", R"({"execution_state":"busy"})");
        r.publish("stream", R"({"name":"stdout","text":"x"})");
      },
      false);
  auto connection = connect(fake);
  int heard = 0;
  connection->on_output([&](const Output&) { ++heard; });
  for (const int engine : {0, 1}) {
    Request request = request_of("execute_request", R"({"code":"1"})");
    request.directed = true;
    ASSERT_TRUE(connection->send(engine, std::move(request), [](Reply&&) {}));
  }
  ASSERT_TRUE(connection->wait([&] { return heard == 2; }, soon()));
  connection->cancel_all(milliseconds(200));
  EXPECT_EQ(connection->in_flight(), 0u);
  const std::lock_guard lock(mutex);
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(asked, (std::vector<std::string>{"abort_request engine-0", "abort_request engine-1",
                                             "signal_request engine-1"}));
}

TEST(Guest, streams_as_they_were_printed) {
  EXPECT_EQ(stream_text(R"({"name":"stdout","text":"a\u00e4\n"})"), "a\u00e4\n");
  EXPECT_EQ(stream_text("{\"text\":\"\xff\xc3\xa4\\n\"}"), "\xff\xc3\xa4\n");
  EXPECT_EQ(stream_text("{\"text\":5}"), "");
  EXPECT_EQ(stream_text("\xff"), "");
}

}  // namespace
}  // namespace ipc::client
