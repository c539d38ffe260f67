// SPDX-License-Identifier: BSD-3-Clause
// Engines whose time is over, with a scheduler that knows of draining and with one that does not.
#include "tests/unit/engine/world.hpp"

namespace ipc::engine {
namespace {

using test::FakeKernel;
using test::Json;
using test::Seen;

struct DrainTest : test::World {
  static std::string field(std::string_view json, const char* key) {
    return Json::parse(json).value(key, "");
  }
  std::vector<std::string> held;  // headers of what the kernel has
  bool interruptible = false;
  /// An engine whose kernel answers when it is told to, or when it is interrupted.
  Engine& start_holding(EngineConfig config = {}) {
    auto& engine = start("hold",
                         {{"hold",
                           [this](FakeKernel& kernel, const KernelMessage& message) {
                             const std::string type = field(message.header, "msg_type");
                             if (type.ends_with("_request")) held.emplace_back(message.header);
                             if (type == "interrupt" && interruptible)
                               kernel.say("apply_reply", held.back(), "{}", "error");
                           }}},
                         std::move(config));
    admit(0);
    return engine;
  }
  std::string send(const char* socket) {
    return controller.request(socket, uuids[0], "apply_request");
  }
  void runs(size_t n) {
    until("start", [&] { return held.size() == n; });
  }
  void answer(size_t n) {
    runs(n);
    launchers[0].kernels["hold"]->say("apply_reply", held[n - 1], R"({"status":"ok"})", "ok");
  }
  /// Returns when the engine has taken what was sent on a socket; something must be running.
  void settle(const char* socket) {
    const std::string id = send(socket);
    controller.request("control", uuids[0], "abort_request", {{"msg_ids", id}});
    EXPECT_EQ(next(socket).parent_id(), id);
    EXPECT_EQ(next("control").type(), "abort_reply");
  }
  void handed_back(const Seen& reply, const std::string& id) {
    EXPECT_EQ(reply.parent_id(), id);
    EXPECT_EQ(reply.metadata["dependencies_met"], false);
    EXPECT_EQ(reply.content["status"], "aborted");
  }
  void fails(const Seen& reply, const std::string& id, const std::string& words) {
    EXPECT_EQ(reply.parent_id(), id);
    EXPECT_EQ(reply.content["ename"], "EngineError");
    EXPECT_NE(reply.content["evalue"].get<std::string>().find(words), std::string::npos)
        << reply.content;
  }
  void leaves() {
    const Seen gone = next("registration");
    EXPECT_EQ(gone.type(), "unregistration_request");
    EXPECT_EQ(gone.content["reason"], "drained");
    EXPECT_TRUE(ended.empty());
  }
  void ends() {
    until("end", [&] { return !ended.empty(); });
    EXPECT_TRUE(ended[0]);
  }
};

TEST_F(DrainTest, WhatRunsAndWasDirectIsDoneTheRestGivenBack) {
  controller.connection.controller.version = "1";
  Engine& engine = start_holding();
  const std::string running = send("task");
  runs(1);
  const std::string waiting = send("task"), direct = send("mux");
  settle("task");
  settle("mux");
  engine.drain("its time is over");
  const Seen notice = next("task");
  EXPECT_EQ(notice.type(), "drain_request");
  EXPECT_EQ(notice.path, uuids);
  handed_back(next("task"), waiting);
  const std::string crossing = send("task"), late = send("mux");
  handed_back(next("task"), crossing);
  fails(next("mux"), late, "engine 0 takes no more work: its time is over");
  answer(1);
  const Seen reply = next("task");
  EXPECT_EQ(reply.parent_id(), running);
  EXPECT_EQ(reply.metadata["dependencies_met"], true);
  answer(2);
  EXPECT_EQ(next("mux").parent_id(), direct);
  controller.request("task", uuids[0], "drain_reply", {{"status", "ok"}}, Json::object(), {},
                     "");
  leaves();
  const std::string last = send("mux");
  fails(next("mux"), last, "takes no more work");
  ends();
}

TEST_F(DrainTest, WithAnotherSchedulerAllIsDoneAndTheLastReplyWaits) {
  Engine& engine = start_holding();
  const std::string running = send("task");
  runs(1);
  const std::string waiting = send("task");
  settle("task");
  engine.drain("its time is over");
  const std::string late = send("task"), direct = send("mux");
  fails(next("mux"), direct, "takes no more work");
  answer(1);
  EXPECT_EQ(next("task").parent_id(), running);
  answer(2);
  EXPECT_EQ(next("task").parent_id(), waiting);
  answer(3);
  leaves();
  EXPECT_FALSE(controller.take("task"));
  const std::string crossing = send("task");
  answer(4);
  for (const auto& id : {late, crossing}) {
    const Seen reply = next("task");
    EXPECT_EQ(reply.parent_id(), id);
    EXPECT_EQ(reply.metadata["dependencies_met"], true);
  }
  ends();
}

TEST_F(DrainTest, WhatDoesNotEndInTimeIsStopped) {
  controller.connection.controller.version = "1";
  interruptible = true;
  EngineConfig config;
  config.drain_limit = milliseconds(100);
  Engine& engine = start_holding(config);
  const std::string running = send("task");
  runs(1);
  const std::string direct = send("mux");
  settle("mux");
  engine.drain("its time is over");
  EXPECT_EQ(next("task").type(), "drain_request");
  fails(next("mux"), direct, "never began, as engine 0 ends: its time is over, and so are 0.1 s");
  fails(next("task"), running, "was stopped, as engine 0 ends: its time is over");
  leaves();
  ends();
}

TEST_F(DrainTest, AKernelThatDoesNotStopDoesNotKeepTheEngine) {
  EngineConfig config;
  config.drain_limit = milliseconds(1);
  Engine& engine = start_holding(config);
  const std::string running = send("task");
  runs(1);
  engine.drain("its time is over");
  fails(next("task"), running, "was stopped, as engine 0 ends");
  EXPECT_EQ(launchers[0].started, 1);
  ends();
}

TEST_F(DrainTest, WhoIsAskedToGoTakesAllTheTimeItNeeds) {
  controller.connection.controller.version = "1";
  EngineConfig config;
  config.drain_limit = milliseconds(1);
  start_holding(config);
  const std::string running = send("task");
  runs(1);
  const std::string waiting = send("task");
  settle("task");
  controller.request("control", uuids[0], "drain_request", Json::object());
  EXPECT_EQ(next("control").type(), "drain_reply");
  EXPECT_EQ(next("task").type(), "drain_request");
  handed_back(next("task"), waiting);
  // Had it a limit, that would be over many times.
  const TimePoint then = Clock::now() + milliseconds(30);
  until("that time", [&] { return Clock::now() > then; });
  answer(1);
  const Seen reply = next("task");
  EXPECT_EQ(reply.parent_id(), running);
  EXPECT_EQ(reply.metadata["status"], "ok");
  controller.request("task", uuids[0], "drain_reply", {{"status", "ok"}}, Json::object(), {},
                     "");
  leaves();
  ends();
}

TEST_F(DrainTest, TheEndOfItsLifetimeIsTheLimitOfWhoWasAskedToGo) {
  controller.connection.controller.version = "1";
  interruptible = true;
  EngineConfig config;
  config.drain_limit = milliseconds(1);
  Engine& engine = start_holding(config);
  const std::string running = send("task");
  runs(1);
  engine.drain("it is not needed", true);
  EXPECT_EQ(next("task").type(), "drain_request");
  engine.drain("its time is over");
  fails(next("task"), running, "was stopped, as engine 0 ends");
  ends();
}

TEST_F(DrainTest, ALifetimeThatEndsBeforeTheRegistrationEndsTheEngine) {
  EngineConfig config;
  config.lifetime = milliseconds(1);
  start("echo", {}, config);
  ends();
}

}  // namespace
}  // namespace ipc::engine
