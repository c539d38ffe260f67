// SPDX-License-Identifier: BSD-3-Clause
// The connection against a controller that does as it is told.
#include "libipc/client/connection.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/client/fake_controller.hpp"

namespace ipc::client {
namespace {

using wire::Json;

void ok(const FakeRequest& request) {
  request.reply({{"status", "ok"}});
}

Request request_of(std::string type) {
  Request request;
  request.type = std::move(type);
  return request;
}

std::unique_ptr<Connection> connect(const Options& options) {
  auto connection = Connection::open(options);
  EXPECT_TRUE(connection) << connection.error().text();
  return connection ? *std::move(connection) : nullptr;
}

TEST(Connection, learns_the_engines) {
  FakeController fake(3, ok);
  auto connection = connect(fake.options());
  const auto table = connection->engines();
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->ids(), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ((*table)->find(1)->pid, 101);
  EXPECT_TRUE((*table)->find(1)->is_ipkit());
  EXPECT_EQ(connection->controller(),
            "controller " + std::to_string(::getpid()) + " on " + host_name());
}

TEST(Connection, tasks_that_need_our_engines_say_so) {
  FakeController fake(1, [](const FakeRequest& r) {
    r.reply({{"status", "ok"}, {"extensions", r.metadata.value("extensions", Json())}});
  });
  std::vector<Json> seen;
  const auto note = [&](Reply&& reply) { seen.push_back(reply.content()["extensions"]); };
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  Request plain = request_of("execute_request"), pulls = request_of("execute_request");
  plain.content = R"({"code":"","silent":true})";
  pulls.content = R"({"code":"","silent":true,"pull":["a"]})";
  connection->submit(std::move(plain), note);
  ASSERT_TRUE(connection->wait_all(Clock::now() + seconds(10)));
  connection->submit(std::move(pulls), note);
  ASSERT_TRUE(connection->wait_all(Clock::now() + seconds(10)));
  EXPECT_EQ(seen, (std::vector<Json>{Json(), true}));
}

TEST(Connection, direct_request_and_its_output_in_order) {
  FakeController fake(2, [](const FakeRequest& r) {
    EXPECT_EQ(r.channel, "mux");
    EXPECT_EQ(r.engine_uuid, FakeController::uuid(1));
    EXPECT_EQ(r.metadata,
              Json::parse(R"({"status":false,"output":"reply","paced":true,"kernel":"sh"})"));
    r.answer("stream", {{"name", "stdout"}}, {"out\n"});
    r.answer("stream", {{"name", "stderr"}}, {"err\n"});
    r.reply({{"status", "ok"}, {"n", 7}}, {"buffer"});
  });
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  std::string seen;
  connection->on_output([&](const Output& output) {
    EXPECT_EQ(output.engine, 1);
    seen += (output.is_stderr() ? "2:" : "1:") + std::string(output.data());
  });
  Request request = request_of("execute_request");
  request.kernel = "sh";
  request.directed = true;
  const auto id = connection->send(1, std::move(request), [&](Reply&& reply) {
    EXPECT_EQ(reply.outcome, Outcome::ok);
    EXPECT_EQ(reply.engine, 1);
    EXPECT_EQ(reply.type, "execute_reply");
    EXPECT_EQ(reply.content()["n"], 7);
    EXPECT_EQ(reply.buffer(0), "buffer");
    EXPECT_EQ(reply.buffer(1), "");
    seen += "reply";
  });
  ASSERT_TRUE(id);
  ASSERT_TRUE(connection->wait_all(soon()));
  EXPECT_EQ(seen, "1:out\n2:err\nreply");
}

TEST(Connection, one_identity_on_every_channel) {
  FakeController fake(1, ok);
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  ASSERT_TRUE(connection->send(0, request_of("execute_request"), [](Reply&&) {}));
  connection->submit(request_of("execute_request"), [](Reply&&) {});
  bool controlled = false;
  ASSERT_TRUE(
      connection->control(0, request_of("ping_request"), [&](Reply&&) { controlled = true; }));
  ASSERT_TRUE(connection->wait([&] { return controlled && connection->in_flight() == 0; }, soon()));
  const auto identities = fake.identities();
  ASSERT_EQ(identities.size(), 4u);
  for (const auto& [channel, identity] : identities)
    EXPECT_EQ(identity, identities.at("registration")) << channel;
}

TEST(Connection, error_replies_are_values) {
  FakeController fake(1, [](const FakeRequest& r) {
    r.reply({{"status", "error"},
             {"ename", "NameError"},
             {"evalue", "name 'x' is not defined"},
             {"traceback", {"a", "b"}},
             {"frames", {{"<ipexec>", 1, "<module>", "y = len(x)"}}},
             {"name", "x"},
             {"engine_info", {{"engine_id", 0}}}});
  });
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  RemoteError error;
  ASSERT_TRUE(connection->send(0, request_of("execute_request"), [&](Reply&& reply) {
    EXPECT_EQ(reply.outcome, Outcome::error);
    error = reply.error();
  }));
  ASSERT_TRUE(connection->wait_all(soon()));
  EXPECT_EQ(summary(error), "NameError: name 'x' is not defined, line 1: y = len(x)");
  EXPECT_EQ(error.traceback.size(), 2u);
  EXPECT_EQ(error.name, "x");
  EXPECT_EQ(error.engine, 0);
}

TEST(Connection, an_id_is_finished_once) {
  FakeController fake(1, [](const FakeRequest& r) {
    r.reply({{"status", "ok"}});
    r.reply({{"status", "error"}});
  });
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  int replies = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(connection->send(0, request_of("execute_request"), [&](Reply&& reply) {
      EXPECT_EQ(reply.outcome, Outcome::ok);
      ++replies;
    }));
    ASSERT_TRUE(connection->wait_all(soon()));
  }
  EXPECT_EQ(replies, 2);
}

TEST(Connection, target_without_engine) {
  FakeController fake(2, ok);
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  const auto id = connection->send(7, request_of("execute_request"), {});
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, Code::no_engine);
  EXPECT_EQ(id.error().text(), "no engine 7: there are 0-1; see ipls");
}

TEST(Connection, window_of_tasks) {
  FakeController fake(1, ok);
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  int submitted = 0;
  for (; connection->room(); ++submitted)
    connection->submit(request_of("map_request"), [](Reply&&) {});
  EXPECT_EQ(submitted, 32);  // 4 times 8
  ASSERT_TRUE(connection->wait([&] { return connection->room(); }, soon()));
  connection->set_window(1);
  ASSERT_TRUE(connection->wait_all(soon()));
  connection->submit(request_of("map_request"), [](Reply&&) {});
  EXPECT_FALSE(connection->room());
  EXPECT_EQ(connection->tasks_in_flight(), 1u);
}

TEST(Connection, cancel_all_asks_where_the_work_is) {
  std::mutex mutex;
  std::map<std::string, Json> asked;
  FakeController fake(2, [&](const FakeRequest& r) {
    if (r.type != "cancel_request") return;  // never answered
    std::lock_guard lock(mutex);
    asked[r.channel + r.engine_uuid] = r.content["msg_ids"];
    r.reply({{"status", "ok"}});
  });
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  const auto never = [](Reply&&) { FAIL() << "a cancelled request was delivered"; };
  const auto direct = connection->send(1, request_of("execute_request"), never);
  const auto task = connection->submit(request_of("map_request"), never);
  connection->interrupt();
  EXPECT_EQ(connection->wait_all(soon()).error().code, Code::failed);
  const auto start = Clock::now();
  connection->cancel_all(seconds(10));
  EXPECT_LT(Clock::now() - start, seconds(5));
  std::lock_guard lock(mutex);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked["controlengine-1"], Json({*direct}));
  EXPECT_EQ(asked["task"], Json({task}));
}

TEST(Connection, cancel_all_does_not_wait_for_ever) {
  FakeController fake(1, [](const FakeRequest&) {});
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  ASSERT_TRUE(connection->send(0, request_of("execute_request"), {}));
  const auto start = Clock::now();
  connection->cancel_all(milliseconds(200));
  EXPECT_GE(Clock::now() - start, milliseconds(200));
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST(Connection, deadline) {
  FakeController fake(1, [](const FakeRequest&) {});
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  ASSERT_TRUE(connection->send(0, request_of("execute_request"), {}));
  EXPECT_EQ(connection->wait_all(Clock::now() + milliseconds(50)).error().code, Code::timed_out);
}

TEST(Connection, no_file) {
  Options options;
  options.path = "/nonexistent/ipcontroller-client.json";
  const auto connection = Connection::open(options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::no_controller);
  EXPECT_EQ(connection.error().text(),
            "no controller for profile 'default': no file /nonexistent/ipcontroller-client.json; "
            "start one: ipcluster start -n 4");
}

TEST(Connection, stale_file) {
  FakeController fake(1, ok);
  fake.file().controller.start_ticks += 1;
  fake.write_file();
  Options options = fake.options();
  options.profile = "x";
  const auto connection = Connection::open(options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::no_controller);
  const std::string text = connection.error().text();
  EXPECT_TRUE(text.starts_with("no controller for profile 'x': the file is stale (controller "))
      << text;
  EXPECT_TRUE(text.ends_with(", is gone); start again: ipcluster start --profile=x")) << text;
}

TEST(Connection, file_readable_by_others) {
  FakeController fake(1, ok);
  ::chmod(fake.path().c_str(), 0644);
  const auto connection = Connection::open(fake.options());
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::refused);
}

TEST(Connection, wrong_key) {
  FakeController fake(1, ok);
  fake.file().key = "another";
  fake.write_file();
  auto connection = connect(fake.options());
  const auto table = connection->engines();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::refused);
  EXPECT_NE(table.error().text().find(": wrong key; " + fake.path()), std::string::npos);
}

// Silence of one that cannot answer says nothing about the key.
TEST(Connection, controller_is_stopped) {
  FakeController fake(1, ok);
  const pid_t child = ::fork();
  if (child == 0)
    for (;;) ::pause();
  ::kill(child, SIGSTOP);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  fake.file().key = "another";
  fake.file().controller.pid = child;
  fake.file().controller.start_ticks = process_start_ticks(child);
  fake.write_file();
  Options options = fake.options();
  options.patience = seconds(3);
  auto connection = connect(options);
  const auto table = connection->engines();
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::no_controller);
  EXPECT_NE(table.error().text().find("does not answer"), std::string::npos);
}

TEST(Connection, controller_vanishes_while_we_wait) {
  // Its process is seen alive, so the client allows it some time to come back.
  FakeController fake(1, [](const FakeRequest&) {});
  auto connection = connect(fake.options());
  ASSERT_TRUE(connection->engines());
  ASSERT_TRUE(connection->send(0, request_of("execute_request"), {}));
  fake.vanish();
  const auto waited = connection->wait_all(soon());
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::no_controller);
  EXPECT_NE(waited.error().text().find(" is gone; "), std::string::npos) << waited.error().text();
}

TEST(Connection, nobody_at_the_address) {
  FakeController fake(1, ok, false);
  fake.vanish();
  auto connection = connect(fake.options());
  const auto table = connection->engines();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::no_controller);
  EXPECT_NE(table.error().text().find("nothing answers at tcp://127.0.0.1:"), std::string::npos);
}

TEST(Connection, hub_errors) {
  FakeController fake(1, [](const FakeRequest& r) {
    r.answer("hub_error", {{"status", "error"}, {"ename", "KeyError"}, {"evalue", "'x'"}}, {});
  });
  auto connection = connect(fake.options());
  const auto reply = connection->ask_and_wait("queue_request", "{}", soon());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::failed);
  EXPECT_NE(reply.error().what.find("KeyError: 'x'"), std::string::npos);
}

TEST(Connection, remark_while_tasks_wait_for_engines) {
  FakeController fake(0, [](const FakeRequest&) {});
  Options options = fake.options();
  std::string remark;
  options.remark = [&](const std::string& text) { remark = text; };
  auto connection = connect(options);
  ASSERT_TRUE(connection->engines());
  EXPECT_EQ(connection->no_engines().code, Code::not_ready);
  connection->submit(request_of("map_request"), {});
  ASSERT_TRUE(connection->wait([&] { return !remark.empty(); }, soon()));
  EXPECT_EQ(remark, "waiting for engines: " + connection->controller() + " has 0");
}

}  // namespace
}  // namespace ipc::client
