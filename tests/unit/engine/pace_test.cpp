// SPDX-License-Identifier: BSD-3-Clause
// Output that its asker does not take: the kernel waits, goes on, or is heard without it.
#include "tests/unit/engine/world.hpp"

namespace ipc::engine {
namespace {

using test::FakeKernel;
using test::Json;
using test::Seen;

struct OutputPaceTest : test::World {
  FakeKernel* kernel = nullptr;
  std::string parent;  // header of the request that runs
  std::string id;
  bool interrupted = false;

  static std::string field(std::string_view json, const char* key) {
    return Json::parse(json).value(key, "");
  }
  /// An engine that lets its kernel wait beyond 1000 bytes; its request has printed 1200, and they
  /// have come.
  void begin(Duration limit = seconds(60), Duration look = seconds(60)) {
    EngineConfig config;
    config.reader_look = look;
    config.reader_window = 1000;
    config.reader_limit = limit;
    start("talk", {{"talk", [this](FakeKernel& talker, const KernelMessage& message) {
                      const std::string type = field(message.header, "msg_type");
                      if (type == "interrupt") interrupted = true;
                      if (type != "execute_request") return;
                      kernel = &talker;
                      parent = message.header;
                    }}},
          config);
    admit(0);
    id = controller.request("mux", uuids[0], "execute_request", {{"code", ""}},
                            {{"output", "reply"}, {"paced", true}});
    until("the request", [this] { return kernel != nullptr; });
    for (const char letter : {'a', 'b'}) {
      print(letter);
      EXPECT_EQ(next("mux").buffers, std::vector<std::string>{std::string(600, letter)});
    }
  }
  void print(char letter) {
    const std::string text(600, letter);
    kernel->say("stream", parent, R"({"name":"stdout"})", "", {text});
  }
  void end() { kernel->say("execute_reply", parent, R"({"status":"ok"})", "ok"); }
  /// The asker has taken so much. Returns when the engine has heard it.
  void take(int bytes) {
    controller.request("control", uuids[0], "taken_request", {{"msg_id", id}, {"bytes", bytes}});
    EXPECT_EQ(next("control").content["status"], "ok");
  }
  bool is_silent() { return !controller.take("mux").has_value(); }
};

TEST_F(OutputPaceTest, TheKernelWaitsForWhoReads) {
  begin();
  print('c');
  take(600);  // 600 are still on the way, more than half
  EXPECT_TRUE(is_silent());
  take(1200);
  EXPECT_EQ(next("mux").buffers[0][0], 'c');
  end();
  EXPECT_EQ(next("mux").content["status"], "ok");
}

TEST_F(OutputPaceTest, WhoNeverReadsGetsNoMoreAndIsTold) {
  begin(milliseconds(50));
  print('c');
  print('d');
  end();
  const Seen reply = next("mux");
  EXPECT_EQ(reply.type(), "execute_reply");
  EXPECT_EQ(reply.content["ename"], "OutputLost");
  EXPECT_EQ(output("stream").content["text"].get<std::string>()[0], 'a');
}

TEST_F(OutputPaceTest, WhoHasGoneIsNotWaitedFor) {
  begin(seconds(60), milliseconds(20));
  print('c');
  print('d');
  end();
  // A look whether the asker is there: nothing, which finds nobody.
  EXPECT_EQ(next("mux").buffers, std::vector<std::string>{""});
  controller.request("control", uuids[0], "taken_request", {{"msg_id", "x"}, {"gone", true}});
  controller.request("control", uuids[0], "taken_request", {{"msg_id", id}, {"gone", true}});
  Seen reply = next("mux");
  while (reply.type() == "stream") reply = next("mux");
  EXPECT_EQ(reply.content["ename"], "OutputLost");
}

TEST_F(OutputPaceTest, AnInterruptIsNotHeldUp) {
  begin();
  print('c');
  controller.request("control", uuids[0], "interrupt_request");
  until("the interrupt", [this] { return interrupted; });
  for (const char letter : {'d', 'e', 'f'}) print(letter);
  end();
  for (const char letter : {'c', 'd', 'e', 'f'}) EXPECT_EQ(next("mux").buffers[0][0], letter);
  EXPECT_EQ(next("mux").type(), "execute_reply");
}

TEST_F(OutputPaceTest, AKernelThatDiesWhileItWaits) {
  begin();
  print('c');
  take(600);
  kernel->die();
  kernel = nullptr;
  EXPECT_EQ(next("mux").buffers[0][0], 'c');
  EXPECT_EQ(next("mux").content["ename"], "KernelDied");
}

TEST_F(OutputPaceTest, NonsenseAboutWhatWasTaken) {
  begin();
  print('c');
  for (const Json& content :
       {Json::object(), Json::array(), Json{{"msg_id", 7}}, Json{{"msg_id", id}, {"bytes", -5}},
        Json{{"msg_id", "x"}, {"bytes", 5000}}, Json{{"msg_id", id}, {"bytes", "all"}}}) {
    controller.request("control", uuids[0], "taken_request", content);
    EXPECT_EQ(next("control").content["status"], "ok");
  }
  EXPECT_TRUE(is_silent());
  take(1200);
  EXPECT_EQ(next("mux").buffers[0][0], 'c');
}

}  // namespace
}  // namespace ipc::engine
