// SPDX-License-Identifier: BSD-3-Clause
// Questions to hubs, ours and the reference's.
#include "libipc/client/jobs.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/fake_controller.hpp"

namespace ipc::client {
namespace {

using wire::Json;

TEST(Jobs, waiting_in_the_hub) {
  FakeController fake(1, [](const FakeRequest& r) {
    EXPECT_EQ(r.type, "wait_request");
    EXPECT_EQ(r.content, Json::parse(R"({"msg_ids":["a","b","c"],"until":"done"})"));
    r.reply(Json::parse(
        R"({"status":"ok","done":{"a":"ok","b":"aborted"},"pending":["c"],"unknown":["d"]})"));
  });
  auto connection = *Connection::open(fake.options());
  const auto states = wait_for_jobs(*connection, {"a", "b", "c"}, soon());
  ASSERT_TRUE(states) << states.error().text();
  EXPECT_EQ(states->done,
            (std::map<std::string, Outcome>{{"a", Outcome::ok}, {"b", Outcome::aborted}}));
  EXPECT_EQ(states->pending, std::vector<std::string>{"c"});
  EXPECT_EQ(states->unknown, std::vector<std::string>{"d"});
}

TEST(Jobs, acknowledgement) {
  FakeController fake(1, [](const FakeRequest& r) {
    EXPECT_EQ(r.content["until"], "known");
    const bool lost = r.content["msg_ids"][0] == "lost";
    r.reply({{"status", "ok"},
             {"done", Json::object()},
             {"pending", Json::array()},
             {"unknown", lost ? Json({"lost"}) : Json::array()}});
  });
  auto connection = *Connection::open(fake.options());
  EXPECT_TRUE(acknowledge(*connection, {"a"}, soon()));
  EXPECT_TRUE(acknowledge(*connection, {}, soon()));
  const auto lost = acknowledge(*connection, {"lost"}, soon());
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::internal);
}

TEST(Jobs, polling_a_hub_that_cannot_wait) {
  int asked = 0;
  FakeController fake(
      1,
      [&](const FakeRequest& r) {
        EXPECT_EQ(r.type, "result_request");
        if (++asked < 3)
          return r.reply({{"status", "ok"}, {"pending", {"a"}}, {"completed", Json::array()}});
        r.reply({{"status", "ok"},
                 {"pending", Json::array()},
                 {"completed", {"a"}},
                 {"a", {{"result_content", {{"status", "error"}}}}}});
      },
      false);
  auto connection = *Connection::open(fake.options());
  const auto states = wait_for_jobs(*connection, {"a"}, soon());
  ASSERT_TRUE(states);
  EXPECT_EQ(states->done.at("a"), Outcome::error);
  EXPECT_EQ(asked, 3);
}

TEST(Jobs, polling_an_unknown_job_ends) {
  FakeController fake(
      1,
      [&](const FakeRequest& r) {
        r.reply({{"status", "error"}, {"ename", "KeyError"}, {"evalue", "'No such message: a'"}});
      },
      false);
  auto connection = *Connection::open(fake.options());
  const auto states = wait_for_jobs(*connection, {"a"}, soon());
  ASSERT_TRUE(states);
  EXPECT_EQ(states->unknown, std::vector<std::string>{"a"});
}

TEST(Jobs, waiting_for_engines_gives_up_at_the_deadline) {
  FakeController fake(2, [](const FakeRequest&) {});
  auto connection = *Connection::open(fake.options());
  EXPECT_EQ(*wait_for_engines(*connection, 2, soon()), 2);
  const auto waited = wait_for_engines(*connection, 3, Clock::now() + milliseconds(100));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::timed_out);
  EXPECT_EQ(waited.error().what, "timed out: 2 of 3 engines");
}

TEST(Jobs, queues) {
  FakeController fake(2, [](const FakeRequest& r) {
    EXPECT_TRUE(r.content["targets"].is_null());
    r.reply(Json::parse(R"({"status":"ok","0":{"queue":1,"tasks":2,"completed":3},
      "1":{"queue":0,"tasks":0,"completed":4},"9":{"queue":0,"tasks":0,"completed":4},
      "unassigned":5,
      "ipkit":{"unassigned":5,
               "engines":{"0":{"queue":1,"tasks":2,"completed":3,"failed":1,"state":"busy"}},
               "rss":1000,"uptime":1.5}})"));
  });
  auto connection = *Connection::open(fake.options());
  const auto state = queue_state(*connection, soon());
  ASSERT_TRUE(state) << state.error().text();
  EXPECT_EQ(state->unassigned, 5);
  ASSERT_EQ(state->engines.size(), 2u);
  EXPECT_EQ(state->engines.at(0).state, "busy");
  EXPECT_EQ(*state->engines.at(0).failed, 1);
  EXPECT_EQ(state->engines.at(1).completed, 4);
  EXPECT_FALSE(state->engines.at(1).failed);
  EXPECT_EQ(*state->rss, 1000);
}

TEST(Jobs, one_result) {
  FakeController fake(1, [](const FakeRequest& r) {
    const std::string id = r.content["msg_ids"][0];
    if (id == "none") return r.reply({{"status", "error"}, {"ename", "KeyError"}, {"evalue", ""}});
    if (id == "runs") return r.reply({{"status", "ok"}, {"pending", {id}}});
    r.reply({{"status", "ok"}, {"completed", {id}}, {id, {{"msg_id", id}}}}, {"buffer"});
  });
  auto connection = *Connection::open(fake.options());
  EXPECT_EQ(job_result(*connection, "none", soon()).error().code, Code::no_input);
  EXPECT_EQ(job_result(*connection, "runs", soon()).error().code, Code::not_ready);
  const auto record = job_result(*connection, "done", soon());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->record["msg_id"], "done");
  EXPECT_EQ(record->buffers, std::vector<std::string>{"buffer"});
}

}  // namespace
}  // namespace ipc::client
