// SPDX-License-Identifier: BSD-3-Clause
// The engine's queue, with a clock of its own.
#include "libipc/engine/queue.hpp"

#include <gtest/gtest.h>

#include "libipc/engine/kernels.hpp"

namespace ipc::engine {
namespace {

const TimePoint kStart = TimePoint{} + std::chrono::hours(1);

struct QueueTest : testing::Test {
  Queue queue;
  TimePoint now = kStart;
  wire::FieldParser parser;
  std::uint64_t number = 0;  // of the request written last

  RequestPtr make(const std::string& id, const std::string& type = "apply_request",
                  Route route = Route::direct, const std::string& metadata = "{}",
                  const std::string& content = "{}") {
    net::Incoming message;
    const std::string header = R"({"msg_id":")" + id + R"(","msg_type":")" + type + "\"}";
    for (const std::string_view part :
         {std::string_view("mux_out"), wire::kDelimiter, std::string_view("sig"),
          std::string_view(header), std::string_view("{}"), std::string_view(metadata),
          std::string_view(content), std::string_view("buffer")})
      message.frames.emplace_back(part);
    EXPECT_TRUE(message.locate());
    auto request = Request::parse(std::move(message), route, parser);
    EXPECT_TRUE(request) << request.error().text();
    return *std::move(request);
  }
  bool push(RequestPtr request) { return queue.push(request, now); }
  std::string next(unsigned prefetch = 1) {
    const Request* request = queue.next(prefetch, now);
    return request == nullptr ? "" : request->msg_id;
  }
  void start() { queue.start(now, ++number); }
  void run(Duration time) {
    start();
    now += time;
    queue.finish(now);
  }
  static std::string ids(const std::vector<RequestPtr>& requests) {
    std::string text;
    for (const auto& request : requests) text += request->msg_id + " ";
    return text;
  }
};

TEST_F(QueueTest, OneAfterTheOtherControlFirst) {
  push(make("a"));
  push(make("b"));
  EXPECT_EQ(next(), "a");
  start();
  EXPECT_EQ(next(), "");
  push(make("c", "clear_request", Route::control));
  EXPECT_EQ(queue.finish(now)->msg_id, "a");
  EXPECT_EQ(next(), "c");
  start();
  queue.finish(now);
  EXPECT_EQ(next(), "b");
}

TEST_F(QueueTest, WritesAheadOnlyWhileRequestsAreShort) {
  for (int i = 0; i < 100; ++i) push(make("r" + std::to_string(i)));
  start();
  EXPECT_EQ(next(8), "") << "nothing is known of their length yet";
  queue.finish(now);
  for (int i = 0; i < 20; ++i) run(microseconds(50));
  unsigned ahead = 0;
  for (; !next(64).empty(); ++ahead) start();
  EXPECT_EQ(ahead, Queue::kMaxAhead);
  for (; ahead > 0; --ahead) queue.finish(now += microseconds(50));
  start();
  EXPECT_EQ(next(1), "") << "a kernel that takes one gets one";
  EXPECT_NE(next(2), "");
  now += milliseconds(1);
  EXPECT_EQ(next(8), "") << "behind one that has become long nothing is written";
  queue.finish(now += milliseconds(50));
  start();
  EXPECT_EQ(next(8), "") << "the last one was long";
}

TEST_F(QueueTest, NothingIsWrittenBehindAnotherKernelOrOneThatMayAbort) {
  for (int i = 0; i < 30; ++i) push(make("s" + std::to_string(i)));
  for (int i = 0; i < 30; ++i) run(microseconds(10));
  push(make("a"));
  push(make("b", "apply_request", Route::direct, R"({"kernel":"sh"})"));
  push(make("c", "execute_request", Route::direct, "{}", R"({"code":"","silent":false})"));
  push(make("d"));
  start();
  EXPECT_EQ(next(8), "");
  queue.finish(now);
  EXPECT_EQ(next(8), "b");
  run(microseconds(10));
  EXPECT_EQ(next(8), "c");
  start();
  EXPECT_EQ(next(8), "");
}

TEST_F(QueueTest, WithdrawsWhatIsQueuedAndRemembersWhatIsNot) {
  for (const char* id : {"a", "b", "c"}) push(make(id));
  start();
  const std::vector<std::string> wanted = {"a", "c", "late"};
  EXPECT_EQ(ids(queue.withdraw(wanted, now, seconds(60))), "c ");
  EXPECT_TRUE(queue.running()->withdrawn) << "its kernel may say that it has not begun it";
  EXPECT_EQ(queue.queued(), 1u);
  EXPECT_FALSE(push(make("late")));
  EXPECT_TRUE(push(make("a"))) << "what had started is not remembered";
  now += seconds(61);
  EXPECT_TRUE(push(make("late")));
}

TEST_F(QueueTest, EmptyAbortTakesExecuteRequestsOnly) {
  push(make("a", "execute_request"));
  push(make("b", "apply_request"));
  push(make("c", "execute_request"));
  push(make("d", "execute_request", Route::control));
  EXPECT_EQ(ids(queue.withdraw_executes()), "a c ");
  EXPECT_EQ(queue.queued(), 2u);
}

TEST_F(QueueTest, KernelDeathFailsDirectRequestsAndKeepsTasks) {
  push(make("running"));
  push(make("direct"));
  push(make("task", "apply_request", Route::balanced));
  push(make("other", "apply_request", Route::direct, R"({"kernel":"sh"})"));
  push(make("clear", "clear_request", Route::control));
  start();  // clear
  queue.finish(now);
  start();
  EXPECT_EQ(ids(queue.kernel_died("", number)), "running direct ");
  EXPECT_EQ(queue.running(), nullptr);
  EXPECT_EQ(next(), "task");
  run(seconds(1));
  EXPECT_EQ(next(), "other");
}

TEST_F(QueueTest, WhatAKernelHadNotBegunOutlivesIt) {
  for (int i = 0; i < 30; ++i) push(make("s" + std::to_string(i)));
  for (int i = 0; i < 30; ++i) run(microseconds(10));
  push(make("begun", "apply_request", Route::balanced));
  push(make("task", "apply_request", Route::balanced));
  push(make("direct"));
  push(make("last", "apply_request", Route::balanced));
  for (int i = 0; i < 3; ++i) start();
  EXPECT_EQ(ids(queue.kernel_died("", number - 2)), "begun direct ");
  EXPECT_EQ(queue.started(), 0u);
  EXPECT_EQ(next(), "task");
  start();
  EXPECT_EQ(ids(queue.kernel_died("", number - 1)), "") << "it was written, and that is all";
  EXPECT_EQ(next(), "task");
  queue.start(now, ++number);
  queue.running()->drop_body();
  EXPECT_EQ(ids(queue.kernel_died("", number - 1)), "task ") << "it cannot be written again";
  EXPECT_EQ(next(), "last");
}

TEST_F(QueueTest, NothingIsWrittenAheadBehindWhatCannotBeWrittenAgain) {
  for (int i = 0; i < 30; ++i) push(make("s" + std::to_string(i)));
  for (int i = 0; i < 30; ++i) run(microseconds(10));
  for (const char* id : {"large", "small"}) push(make(id));
  start();
  EXPECT_EQ(next(8), "small");
  queue.running()->drop_body();
  EXPECT_EQ(next(8), "") << "if small were taken back, large could be revoked with it";
}

TEST_F(QueueTest, TakesBackWhatHasNotBegunInItsOrder) {
  for (int i = 0; i < 30; ++i) push(make("s" + std::to_string(i)));
  for (int i = 0; i < 30; ++i) run(microseconds(10));
  for (const char* id : {"a", "b", "c", "d", "e"}) push(make(id));
  for (int i = 0; i < 4; ++i) start();
  queue.take_back(number - 2);
  EXPECT_EQ(queue.started(), 2u);
  EXPECT_EQ(queue.finish(now)->msg_id, "a");
  RequestPtr second = queue.finish(now);
  EXPECT_EQ(second->msg_id, "b");
  queue.put_back(std::move(second));  // it was not run after all
  std::string order;
  for (; !next().empty(); run(microseconds(10))) order += next();
  EXPECT_EQ(order, "bcde");
  push(make("only"));
  start();
  queue.take_back(0);
  EXPECT_NE(queue.running(), nullptr) << "the first one is left: its kernel is asked about it";
}

TEST_F(QueueTest, LargeRequestsAreNotWrittenAhead) {
  for (int i = 0; i < 30; ++i) push(make("s" + std::to_string(i)));
  for (int i = 0; i < 30; ++i) run(microseconds(10));
  push(make("a"));
  push(make("large", "apply_request", Route::balanced, "{}",
            R"({"x":")" + std::string(FrameWriter::kLarge, 'x') + "\"}"));
  start();
  EXPECT_EQ(next(8), "");
  queue.finish(now);
  EXPECT_EQ(next(8), "large");
}

TEST_F(QueueTest, LongQueuesAreCopiedOutOfReceiveBuffers) {
  for (int i = 0; i < 1500; ++i) push(make("r" + std::to_string(i)));
  for (int i = 0; i < 1500; ++i) {
    ASSERT_EQ(next(), "r" + std::to_string(i));
    Request* const request = queue.next(1, now);
    EXPECT_EQ(request->parts().back(), "buffer");
    EXPECT_EQ(request->view().identities[0], "mux_out");
    EXPECT_EQ(request->frame(0).view(), "mux_out");
    EXPECT_EQ(request->frames().empty(), i >= 1000);
    request->drop_body();
    EXPECT_NE(request->header().find("\"r" + std::to_string(i) + "\""), std::string_view::npos);
    run(microseconds(1));
  }
}

TEST_F(QueueTest, OnlyPlainExecuteRequestsOfReferenceClientsAbortOthers) {
  const auto aborts = [&](const char* metadata, const char* content,
                          const char* type = "execute_request") {
    return make("x", type, Route::direct, metadata, content)->aborts_others;
  };
  EXPECT_TRUE(aborts("{}", R"({"code":"1/0","silent":false})"));
  EXPECT_TRUE(aborts(R"({"label":null})", R"({"code":"1/0"})"));
  EXPECT_FALSE(aborts("{}", R"({"code":"1/0","silent":true})"));
  EXPECT_FALSE(aborts("{}", R"({"code":"1/0","stop_on_error":false})"));
  EXPECT_FALSE(aborts(R"({"status":false})", R"({"code":"1/0"})"));
  EXPECT_FALSE(aborts(R"({"output":"reply"})", R"({"code":"1/0"})"));
  EXPECT_FALSE(aborts(R"({"kernel":"sh"})", R"({"code":"1/0"})"));
  EXPECT_FALSE(aborts("{}", "{}", "apply_request"));
}

TEST_F(QueueTest, MetadataOfReplies) {
  const auto request =
      make("x", "apply_request", Route::direct,
           R"({"is_broadcast":true,"is_coalescing":true,"original_msg_id":"o\"1","label":["a",1],)"
           R"("targets":[["u",1]],"status":false,"output":"reply","kernel":"sh"})");
  EXPECT_TRUE(request->is_broadcast);
  EXPECT_TRUE(request->is_coalescing);
  EXPECT_EQ(request->original_id, R"("o\"1")");
  EXPECT_EQ(request->label, R"(["a",1])");
  EXPECT_FALSE(request->status);
  EXPECT_TRUE(request->directed);
  EXPECT_EQ(request->kernel, "sh");
}

TEST(RestartLimitTest, FiveInAMinute) {
  RestartLimit limit;
  TimePoint now = kStart;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.allow(now += seconds(1), 5));
  EXPECT_FALSE(limit.allow(now, 5));
  EXPECT_TRUE(limit.allow(now += seconds(57), 5));
  EXPECT_FALSE(limit.allow(now, 5));
  EXPECT_FALSE(RestartLimit().allow(now, 0));
}

TEST_F(QueueTest, SeveralAtATimeForAKernelWithSlots) {
  for (const char* id : {"a", "b", "c", "d"}) push(make(id));
  for (const char* id : {"a", "b", "c"}) {
    const Request* const request = queue.next(1, now, 3);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->msg_id, id);
    start();
  }
  now += seconds(1);
  EXPECT_EQ(queue.next(32, now, 3), nullptr);  // long ones are not given ahead
  const Request* const b = queue.find_started_id("b");
  EXPECT_EQ(queue.finish(now, b)->msg_id, "b");
  EXPECT_EQ(queue.next(1, now, 3)->msg_id, "d");
  start();
  EXPECT_EQ(queue.finish(now)->msg_id, "a");
  EXPECT_EQ(ids(queue.kernel_died("", 4)), "c d ");
}

}  // namespace
}  // namespace ipc::engine
