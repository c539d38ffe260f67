// SPDX-License-Identifier: BSD-3-Clause
// A kernel that runs several requests at a time: another cluster.
#include "tests/unit/engine/world.hpp"

namespace ipc::engine {
namespace {

using test::FakeKernel;
using test::Json;
using test::Seen;

struct SlotsTest : test::World {
  struct Held {
    std::string header, parent;
  };
  std::vector<Held> held;  // requests the kernel has got
  std::vector<std::string> interrupted;

  /// An engine whose kernel answers when it is told to.
  void start_cluster() {
    controller.connection.controller.version = "1";
    start("cluster:x",
          {{"cluster:x", [this](FakeKernel&, const KernelMessage& message) {
              const std::string type = Json::parse(message.header).value("msg_type", "");
              if (type.ends_with("_request"))
                held.push_back({std::string(message.header), std::string(message.parent)});
              if (type == "interrupt")
                interrupted.push_back(Json::parse(message.content).value("msg_id", ""));
            }}});
    admit(0);
    says_slots(3);
  }
  void says_slots(int slots) {
    const Seen said = next("task");
    EXPECT_EQ(said.type(), "slots_request");
    EXPECT_EQ(said.content["slots"], slots);
  }
  std::string send(const char* socket = "task") {
    return controller.request(socket, uuids[0], "apply_request");
  }
  void has(size_t n) {
    until("requests", [&] { return held.size() >= n; });
    EXPECT_EQ(held.size(), n);
  }
  FakeKernel& kernel() { return *launchers[0].kernels["cluster:x"]; }
  void answer(size_t i) { kernel().say("apply_reply", held[i].header, R"({"status":"ok"})", "ok"); }
};

TEST_F(SlotsTest, RunsAsManyAndTakesAnswersInAnyOrder) {
  start_cluster();
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(send());
  has(3);
  answer(1);
  EXPECT_EQ(next("task").parent_id(), ids[1]);
  has(4);
  for (const size_t i : {3, 0, 2}) {
    answer(i);
    EXPECT_EQ(next("task").parent_id(), ids[i]);
  }
}

TEST_F(SlotsTest, TheKernelHearsWhichCameFromAScheduler) {
  start_cluster();
  send("task");
  has(1);
  send("mux");
  has(2);
  EXPECT_EQ(held[0].parent, R"({"balanced":true})");
  EXPECT_EQ(held[1].parent, "{}");
}

TEST_F(SlotsTest, AnyThatRunsCanBeInterrupted) {
  start_cluster();
  send();
  const std::string second = send();
  has(2);
  controller.request("control", uuids[0], "cancel_request", {{"msg_ids", {second}}});
  EXPECT_EQ(next("control").content["interrupted"], Json({second}));
  until("interrupt", [&] { return !interrupted.empty(); });
  EXPECT_EQ(interrupted, std::vector{second});
  controller.request("control", uuids[0], "interrupt_request");
  until("both", [&] { return interrupted.size() == 3; });
}

TEST_F(SlotsTest, WithoutEnginesItHandsTasksBack) {
  start_cluster();
  kernel().say("slots", "{}", R"({"slots":0})");
  says_slots(0);
  EXPECT_EQ(next("registration").content["ipkit"]["prefetch"], 0);
  const std::string id = send();
  const Seen reply = next("task");
  EXPECT_EQ(reply.parent_id(), id);
  EXPECT_EQ(reply.content["status"], "aborted");
  EXPECT_EQ(reply.metadata["dependencies_met"], false);
  kernel().say("slots", "{}", R"({"slots":2})");
  says_slots(2);
  send();
  has(1);
}

TEST_F(SlotsTest, GoneItIsLookedForAndComesBack) {
  start_cluster();
  const std::string lost[] = {send(), send()};
  has(2);
  kernel().die();
  for (const auto& id : lost) {
    const Seen reply = next("task");
    EXPECT_EQ(reply.parent_id(), id);
    EXPECT_EQ(reply.content["ename"], "KernelDied");
  }
  says_slots(0);
  const std::string id = send();
  EXPECT_EQ(next("task").parent_id(), id);  // handed back
  says_slots(3);                            // two seconds later
  send();
  has(3);
}

TEST_F(SlotsTest, AKernelOfAnotherNameIsTheClustersOwn) {
  start_cluster();
  controller.request("task", uuids[0], "map_request", Json::object(), {{"kernel", "sh"}});
  has(1);
  EXPECT_EQ(launchers[0].started, 1);
}

}  // namespace
}  // namespace ipc::engine
