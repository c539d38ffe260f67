// SPDX-License-Identifier: BSD-3-Clause
// Whole engines with in-process kernels, against a controller that does as it is told.
#include "libipc/engine/engine.hpp"

#include "tests/unit/engine/world.hpp"

namespace ipc::engine {
namespace {

using test::FakeKernel;
using test::Json;
using test::Seen;

struct EngineTest : test::World {
  static std::string field(std::string_view json, const char* key) {
    return Json::parse(json).value(key, "");
  }
  /// A kernel that answers only when it is told to; what it has is kept in `held`.
  std::vector<std::string> held;
  FakeKernel::Answer holding() {
    return [this](FakeKernel&, const KernelMessage& message) {
      if (field(message.header, "msg_type").ends_with("_request"))
        held.emplace_back(message.header);
    };
  }
  /// Returns when the engine has taken what was sent on a socket: a request behind it was aborted.
  /// Something must be running.
  void settle(const char* socket) {
    const std::string id = controller.request(socket, uuids[0], "apply_request");
    controller.request("control", uuids[0], "abort_request", {{"msg_ids", id}});
    EXPECT_EQ(next(socket).parent_id(), id);
  }
};

TEST_F(EngineTest, TwoEnginesAnswerOnAllConnections) {
  EngineConfig config;
  config.id = 5;
  start("echo", {}, config);
  const Seen asked = next("registration");
  EXPECT_EQ(asked.content["id"], 5);
  EXPECT_EQ(asked.content["ipkit"]["kernel"], "echo");
  EXPECT_EQ(asked.content["ipkit"]["prefetch"], 32);
  uuids.push_back(asked.content["uuid"]);
  EXPECT_EQ(asked.path, uuids);
  reply_registration({{"status", "ok"}, {"id", 0}, {"hb_period", 200}});
  start("echo");
  admit(1);
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(engines[0].id(), 0);
  for (const char* socket : {"mux", "task", "leaf", "control"}) {
    for (const auto& uuid : uuids) {
      const std::string id = controller.request(socket, uuid, "apply_request", Json::object(),
                                                Json::object(), {"a", "b"});
      const Seen reply = next(socket);
      EXPECT_EQ(reply.path, (std::vector<std::string>{uuid, "client"}));
      EXPECT_EQ(reply.type(), "apply_reply");
      EXPECT_EQ(reply.parent_id(), id);
      EXPECT_EQ(reply.buffers, (std::vector<std::string>{"a", "b"}));
      EXPECT_EQ(reply.metadata["engine"], uuid);
      EXPECT_EQ(reply.metadata["status"], "ok");
      EXPECT_EQ(reply.metadata["dependencies_met"], true);
      EXPECT_EQ(reply.metadata["generation"], 1);
      EXPECT_EQ(reply.header["session"], uuid);
    }
  }
}

TEST_F(EngineTest, WhatIsNoRequestDoesNotReachTheKernel) {
  start("hold", {{"hold", holding()}});
  admit(0);
  for (const char* type : {"input_reply", "interrupt", "hello", "execute_reply", "x"}) {
    controller.request("mux", uuids[0], type);
    EXPECT_EQ(next("mux").content["ename"], "NotImplementedError") << type;
  }
  // What only a scheduler says, of a client.
  controller.request("task", uuids[0], "drain_reply");
  EXPECT_EQ(next("task").content["ename"], "NotImplementedError");
  controller.request("mux", uuids[0], "execute_request", {{"code", ""}});
  until("the kernel", [this] { return held.size() == 1; });
}

TEST_F(EngineTest, StatusIsToldUnlessItIsNotWanted) {
  start("echo");
  admit(0);
  Seen starting = output("status");
  EXPECT_EQ(starting.content["execution_state"], "starting");
  EXPECT_EQ(starting.path, std::vector<std::string>{"engine.0.status"});
  controller.request("mux", uuids[0], "execute_request", {{"code", ""}}, {{"status", false}});
  const std::string id = controller.request("mux", uuids[0], "execute_request", {{"code", ""}});
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(next("mux").metadata.contains("published"));
  for (const char* state : {"busy", "idle"}) {
    const Seen seen = output("status");
    EXPECT_EQ(seen.content["execution_state"], state);
    EXPECT_EQ(seen.parent_id(), id);
  }
}

TEST_F(EngineTest, OutputGoesToIopubAsTextAndToTheAskerAsBytes) {
  start("talk", {{"talk", [](FakeKernel& kernel, const KernelMessage& message) {
                    if (field(message.header, "msg_type") != "execute_request") return;
                    kernel.say("stream", message.header, R"({"name":"stdout"})", "",
                               {"\xff\xe2\x82"});
                    kernel.say("stream", message.header, R"({"name":"stdout"})", "", {"\xac"});
                    kernel.say("display_data", message.header, R"({"data":{}})");
                    kernel.say("execute_reply", message.header, R"({"status":"ok"})", "ok");
                  }}});
  admit(3);
  controller.request("mux", uuids[0], "execute_request", {{"code", ""}}, {{"output", "reply"}});
  EXPECT_EQ(next("mux").buffers, std::vector<std::string>{"\xff\xe2\x82"});
  const Seen second = next("mux");
  EXPECT_EQ(second.type(), "stream");
  EXPECT_EQ(second.content, (Json{{"name", "stdout"}}));
  EXPECT_EQ(second.path, (std::vector<std::string>{uuids[0], "client"}));
  EXPECT_EQ(next("mux").type(), "display_data");
  const Seen reply = next("mux");
  EXPECT_EQ(reply.type(), "execute_reply");
  EXPECT_EQ(output("stream").content["text"], "\xef\xbf\xbd");
  const Seen rest = output("stream");
  EXPECT_EQ(rest.content["text"], "\xe2\x82\xac");
  EXPECT_EQ(rest.path, std::vector<std::string>{"engine.3.stdout"});
  const Seen display = output("display_data");
  EXPECT_EQ(display.path, std::vector<std::string>{"engine.3.displaypub"});
  // The reply tells which was the last.
  EXPECT_GT(display.metadata["published"], rest.metadata["published"]);
  EXPECT_EQ(reply.metadata["published"], display.metadata["published"]);
}

TEST_F(EngineTest, AbortAndCancelWhileTheKernelIsBusy) {
  start("hold", {{"hold", holding()}});
  admit(0);
  const auto send = [&](const char* socket) {
    return controller.request(socket, uuids[0], "apply_request");
  };
  const std::string running = send("mux"), second = send("mux"), third = send("mux");
  const std::string task = send("task");
  until("start", [&] { return held.size() == 1; });
  controller.request("control", uuids[0], "abort_request", {{"msg_ids", {second}}});
  const Seen aborted = next("mux");
  EXPECT_EQ(aborted.parent_id(), second);
  EXPECT_EQ(aborted.content["status"], "aborted");
  EXPECT_EQ(aborted.metadata["status"], "aborted");
  EXPECT_EQ(next("control").type(), "abort_reply");
  const Json ids = {running, third, "unknown"};
  controller.request("task", uuids[0], "cancel_request", {{"msg_ids", ids}});
  EXPECT_EQ(next("mux").parent_id(), third);
  const Seen reply = next("task");
  EXPECT_EQ(reply.type(), "cancel_reply");
  EXPECT_EQ(reply.content["withdrawn"], Json::array({third}));
  EXPECT_EQ(reply.content["interrupted"], Json::array({running}));
  launchers[0].kernels["hold"]->say("apply_reply", held[0], R"({"status":"error"})", "error");
  EXPECT_EQ(next("mux").content["status"], "error");
  until("task", [&] { return held.size() == 2; });
  EXPECT_EQ(field(held[1], "msg_id"), task);
}

TEST_F(EngineTest, AFailureAbortsQueuedExecuteRequestsOfReferenceClients) {
  start("hold", {{"hold", holding()}});
  admit(0);
  const Json loud = {{"code", "1/0"}, {"silent", false}};
  controller.request("mux", uuids[0], "execute_request", loud);
  const std::string queued = controller.request("mux", uuids[0], "execute_request", loud);
  const std::string apply = controller.request("mux", uuids[0], "apply_request");
  until("start", [&] { return held.size() == 1; });
  settle("mux");
  launchers[0].kernels["hold"]->say("execute_reply", held[0], R"({"status":"error"})", "error");
  EXPECT_EQ(next("mux").metadata["status"], "error");
  EXPECT_EQ(next("mux").parent_id(), queued);
  until("apply", [&] { return held.size() == 2; });
  EXPECT_EQ(field(held[1], "msg_id"), apply);
}

TEST_F(EngineTest, KernelDeathIsAnsweredAndTheKernelStartedAgain) {
  start("hold", {{"hold", holding()}});
  admit(0);
  const std::string running = controller.request("mux", uuids[0], "apply_request");
  until("start", [&] { return held.size() == 1; });
  const std::string direct = controller.request("mux", uuids[0], "apply_request");
  const std::string task = controller.request("task", uuids[0], "apply_request");
  settle("mux");
  settle("task");
  launchers[0].kernels["hold"]->die();
  for (const auto& id : {running, direct}) {
    const Seen failed = next("mux");
    EXPECT_EQ(failed.type(), "apply_reply");
    EXPECT_EQ(failed.parent_id(), id);
    EXPECT_EQ(failed.content["ename"], "KernelDied");
    EXPECT_EQ(failed.metadata["engine_info"]["engine_id"], 0);
  }
  until("task", [&] { return held.size() == 2; });
  EXPECT_EQ(field(held[1], "msg_id"), task);
  launchers[0].kernels["hold"]->say("apply_reply", held[1], R"({"status":"ok"})", "ok");
  EXPECT_EQ(next("task").metadata["generation"], 2);
  EXPECT_EQ(launchers[0].started, 2);
}

TEST_F(EngineTest, WithoutRestartTheEngineEndsWithItsKernel) {
  EngineConfig config;
  config.restart = false;
  start("hold", {{"hold", holding()}}, config);
  admit(0);
  const std::string running = controller.request("mux", uuids[0], "apply_request");
  until("start", [&] { return held.size() == 1; });
  const std::string direct = controller.request("mux", uuids[0], "apply_request");
  settle("mux");
  launchers[0].kernels["hold"]->die();
  for (const auto& id : {running, direct}) {
    const Seen failed = next("mux");
    EXPECT_EQ(failed.parent_id(), id);
    EXPECT_EQ(failed.content["ename"], "EngineError");
    // A client that has heard of the end already cannot look the engine up.
    EXPECT_FALSE(failed.content.contains("engine_info"));
  }
  EXPECT_EQ(next("registration").type(), "unregistration_request");
  until("end", [&] { return !ended.empty(); });
  EXPECT_EQ(ended[0].error().code, Code::failed);
  EXPECT_EQ(launchers[0].started, 1);
}

TEST_F(EngineTest, AKernelThatKeepsDyingIsGivenUpAndTriedAgain) {
  bool fatal = true;
  start("frail", {{"frail", [&](FakeKernel& kernel, const KernelMessage& message) {
                     if (!field(message.header, "msg_type").ends_with("_request")) return;
                     if (fatal) return kernel.die();
                     kernel.say("apply_reply", message.header, R"({"status":"ok"})", "ok");
                   }}});
  admit(0);
  std::vector<std::string> names;
  for (int i = 0; i < 7; ++i) {
    controller.request("mux", uuids[0], "apply_request");
    names.push_back(next("mux").content.value("ename", ""));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"KernelDied", "KernelDied", "KernelDied", "KernelDied",
                                             "KernelDied", "KernelDied", "KernelStartFailed"}));
  fatal = false;
  controller.request("mux", uuids[0], "apply_request");
  EXPECT_EQ(next("mux").content["status"], "ok");
}

TEST_F(EngineTest, OtherKernelsStartAtFirstUse) {
  start("hold", {{"hold", holding()}});
  admit(0);
  controller.request("mux", uuids[0], "apply_request", Json::object(), {{"kernel", "echo"}}, {"x"});
  EXPECT_EQ(next("mux").buffers, std::vector<std::string>{"x"});
  controller.request("mux", uuids[0], "apply_request", Json::object(), {{"kernel", "none"}});
  const Seen refused = next("mux");
  EXPECT_EQ(refused.content["ename"], "NoSuchKernel");
  EXPECT_EQ(refused.content["evalue"], "no kernel 'none'");
  EXPECT_TRUE(held.empty());
}

TEST_F(EngineTest, ForgedReplayedAndMalformedMessagesAreDropped) {
  start("echo");
  admit(0);
  wire::Signer real = *controller.signer;
  controller.signer.emplace(*wire::Signer::create("hmac-sha256", "wrong"));
  controller.request("mux", uuids[0], "apply_request");
  controller.request("control", uuids[0], "shutdown_request");
  controller.signer.emplace(std::move(real));
  const std::string_view junk[] = {uuids[0], "client", "no message"};
  controller.socket("mux").send(std::span(junk));
  const Json odd = Json::array({1});
  controller.request("mux", uuids[0], "apply_request", Json::object(), odd);
  const std::string good = controller.request("mux", uuids[0], "apply_request");
  EXPECT_EQ(next("mux").parent_id(), good);

  net::Outgoing message;
  message.header = controller.session.header("abort_request");
  message.content = R"({"msg_ids":[]})";
  const std::string_view path[] = {uuids[0], "client"};
  auto frames = net::encode(*controller.signer, path, std::move(message));
  net::Frames again;
  for (auto& frame : frames) again.push_back(frame.share());
  controller.socket("control").send(std::move(frames));
  controller.socket("control").send(std::move(again));
  EXPECT_EQ(next("control").type(), "abort_reply");
  const std::string last =
      controller.request("control", uuids[0], "abort_request", {{"msg_ids", {"x"}}});
  EXPECT_EQ(next("control").parent_id(), last) << "the replay was answered";
}

TEST_F(EngineTest, ShutdownTellsEverybody) {
  start("echo");
  admit(2);
  controller.request("control", uuids[0], "shutdown_request", {{"restart", false}});
  const Seen reply = next("control");
  EXPECT_EQ(reply.content, (Json{{"status", "ok"}, {"restart", false}}));
  const Seen notice = output("shutdown_reply");
  EXPECT_EQ(notice.path, std::vector<std::string>{"engine.2.shutdown"});
  EXPECT_EQ(notice.header["session"], uuids[0]);
  const Seen gone = next("registration");
  EXPECT_EQ(gone.type(), "unregistration_request");
  EXPECT_EQ(gone.content["id"], 2);
  until("end", [&] { return !ended.empty(); });
  EXPECT_TRUE(ended[0]);
}

TEST_F(EngineTest, SignalsAreAnsweredAsTheReferenceDoes) {
  start("echo");
  admit(0);
  for (const Json& sig : {Json("SIGINT"), Json(2)}) {
    controller.request("control", uuids[0], "signal_request", {{"sig", sig}});
    const Seen reply = next("control");
    EXPECT_EQ(reply.type(), "_request");
    EXPECT_EQ(reply.content["status"], "ok");
  }
  for (const Json& sig : {Json("SIGNOTHING"), Json(0), Json(nullptr)}) {
    controller.request("control", uuids[0], "signal_request", {{"sig", sig}});
    EXPECT_EQ(next("control").content["status"], "error");
  }
}

TEST_F(EngineTest, ARefusalAndSilenceEndIt) {
  start("echo");
  uuids.push_back(next("registration").content["uuid"]);
  reply_registration({{"status", "error"}, {"ename", "KeyError"}, {"evalue", "\"in use\""}});
  until("end", [&] { return ended.size() == 1; });
  ASSERT_FALSE(ended[0]);
  EXPECT_EQ(ended[0].error().code, Code::refused);
  EXPECT_NE(ended[0].error().what.find("in use"), std::string::npos);
  EngineConfig config;
  config.registration_limit = milliseconds(50);
  start("echo", {}, config);
  until("end", [&] { return ended.size() == 2; });
  EXPECT_EQ(ended[1].error().code, Code::no_controller);
}

TEST_F(EngineTest, StopsWhenHeartbeatsStay) {
  EngineConfig config;
  config.max_heartbeat_misses = 1;
  start("echo", {}, config);
  admit(0);
  until("end", [&] { return !ended.empty(); });
  EXPECT_EQ(ended[0].error().code, Code::no_controller);
  EXPECT_EQ(next("registration").type(), "unregistration_request");
}

TEST_F(EngineTest, HeartbeatsGoOnWhileALargeRequestWaitsForABusyKernel) {
  size_t got = 0;
  start("deaf", {{"deaf", [&](FakeKernel& kernel, const KernelMessage& message) {
                    if (field(message.header, "msg_type") == "hello") return kernel.listen(false);
                    got = message.buffers.at(0).size();
                    kernel.say("apply_reply", message.header, R"({"status":"ok"})", "ok");
                  }}});
  admit(0);
  constexpr size_t kSize = 50'000'000;
  controller.request("mux", uuids[0], "apply_request", Json::object(), Json::object(),
                     {std::string(kSize, 'x')});
  settle("mux");
  net::Frames pong;
  int beats = 0;
  until("beats", [&] {
    const std::string number = std::to_string(1000 + beats);
    const std::string_view ping[] = {number};
    controller.socket("hb_ping").send(std::span(ping));
    while (controller.socket("hb_pong").receive(pong)) ++beats;
    return beats > 20;
  });
  EXPECT_EQ(got, 0u);
  launchers[0].kernels["deaf"]->listen(true);
  EXPECT_EQ(next("mux").type(), "apply_reply");
  EXPECT_EQ(got, kSize);
}

}  // namespace
}  // namespace ipc::engine
