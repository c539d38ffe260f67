// SPDX-License-Identifier: BSD-3-Clause
// The task queue: order, limits, dependencies, retries, timeouts, lost engines, cancelling.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/sched/queue_fixture.hpp"

namespace ipc::sched {
namespace {

TEST_F(TaskQueueTest, WaitsForAnEngineAndKeepsTheOrder) {
  for (const char* id : {"s_0", "s_1", "s_2"}) submit(id);
  EXPECT_EQ(queue.waiting(), 3u);
  engine("a");
  EXPECT_EQ(log.take(), (Lines{"run s_0@a"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_1@a"}));
  EXPECT_EQ(queue.waiting(), 1u);
}

TEST_F(TaskQueueTest, SpreadsOverEngines) {
  engine("a");
  engine("b");
  submit("s_0");
  submit("s_1");
  submit("s_2");
  EXPECT_EQ(log.take(), (Lines{"run s_0@b", "run s_1@a"}));
  reply("a", "s_1");
  EXPECT_EQ(log.take(), (Lines{"run s_2@a"}));
}

TEST_F(TaskQueueTest, StrangersDoNotGetWhatOnlyOursUnderstand) {
  stranger("s");
  submit_ours("t_0");
  submit("t_1");
  EXPECT_EQ(log.take(), (Lines{"run t_1@s"}));
  submit_ours("t_2");
  submit("t_3");
  reply("s", "t_1");
  EXPECT_EQ(log.take(), (Lines{"run t_3@s"}));
  engine("a");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  reply("s", "t_3");
  EXPECT_TRUE(log.take().empty());
  reply("a", "t_0");
  EXPECT_EQ(log.take(), (Lines{"run t_2@a"}));
}

TEST_F(TaskQueueTest, AStrangerThatComesLaterGetsNoneOfThemEither) {
  engine("a");
  submit_ours("t_0");
  for (const char* id : {"t_1", "t_2"}) submit_ours(id);
  submit_ours("t_3", std::make_unique<Conditions>(retrying(1)));
  submit_ours("t_4", std::make_unique<Conditions>(after({"t_0"})));
  submit("t_5");
  EXPECT_EQ(log.take(), (Lines{"run t_0@a"}));
  stranger("s");
  EXPECT_EQ(log.take(), (Lines{"run t_5@s"}));
  reply("s", "t_5");
  EXPECT_TRUE(log.take().empty());
  for (const char* id : {"t_0", "t_1", "t_2"}) reply("a", id);
  EXPECT_EQ(log.take(), (Lines{"run t_1@a", "run t_2@a", "run t_3@a"}));
  // Where it failed it does not run again, and with the stranger neither.
  reply("a", "t_3", false);
  EXPECT_EQ(log.take(), (Lines{"run t_4@a"}));
  engine("b");
  EXPECT_EQ(log.take(), (Lines{"run t_3@b"}));
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST_F(TaskQueueTest, OursForStrangersAloneIsImpossible) {
  stranger("s");
  submit_ours("t_0", std::make_unique<Conditions>(on({"s"})));
  EXPECT_EQ(log.take(), (Lines{"fail t_0 impossible"}));
  engine("a");
  submit_ours("t_1", std::make_unique<Conditions>(on({"s", "a"})));
  EXPECT_EQ(log.take(), (Lines{"run t_1@a"}));
}

TEST_F(TaskQueueTest, RefusesASecondTaskWithTheSameIdWhileTheFirstLives) {
  engine("a");
  EXPECT_TRUE(submit("s_0"));
  EXPECT_FALSE(submit("s_0"));
  reply("a", "s_0");
  EXPECT_TRUE(submit("s_0"));
}

TEST_F(TaskQueueTest, DropsLateAndForeignReplies) {
  engine("a");
  engine("b");
  submit("s_0");
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::drop);  // b has it
  EXPECT_EQ(reply("b", "s_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(reply("b", "s_0"), TaskQueue::Verdict::drop);
  EXPECT_EQ(reply("b", "never"), TaskQueue::Verdict::drop);
  EXPECT_EQ(reply("nobody", "s_0"), TaskQueue::Verdict::drop);
}

TEST_F(TaskQueueTest, AfterWaitsForSuccess) {
  engine("a");
  engine("b");
  submit("s_0");
  submit("s_1", after({"s_0"}));
  submit("s_2");
  EXPECT_EQ(log.take(), (Lines{"run s_0@b", "run s_2@a"}));
  reply("a", "s_2");
  EXPECT_TRUE(log.take().empty());
  reply("b", "s_0");
  EXPECT_EQ(log.take().size(), 1u);
}

TEST_F(TaskQueueTest, AfterAFailureIsImpossibleAndTakesItsDependentsWithIt) {
  engine("a");
  submit("s_0");
  submit("s_1", after({"s_0"}));
  submit("s_2", after({"s_1"}));
  log.take();
  reply("a", "s_0", false);
  EXPECT_EQ(log.take(), (Lines{"fail s_1 impossible", "fail s_2 impossible"}));
  submit("s_3", after({"s_0"}));
  EXPECT_EQ(log.take(), (Lines{"fail s_3 impossible"}));
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST_F(TaskQueueTest, AfterFailureOnlyRunsWhenItFailed) {
  engine("a");
  submit("s_0");
  Conditions c = after({"s_0"});
  c.after.success = false;
  c.after.failure = true;
  submit("s_1", c);
  log.take();
  reply("a", "s_0", false);
  EXPECT_EQ(log.take(), (Lines{"run s_1@a"}));
}

TEST_F(TaskQueueTest, UnknownOwnAndUnreadableDependenciesAreInvalid) {
  engine("a");
  submit("s_0", after({"12345"}));
  submit("s_1", follow({"s_1"}));
  Conditions c;
  c.invalid = true;
  submit("s_2", c);
  EXPECT_EQ(log.take(), (Lines{"fail s_0 invalid", "fail s_1 invalid", "fail s_2 invalid"}));
}

TEST_F(TaskQueueTest, FollowPinsToTheEngineOfTheOther) {
  engine("a");
  engine("b");
  submit("s_0");
  reply("b", "s_0");
  submit("s_1");  // occupies a, the least recently used
  log.take();
  submit("s_2", follow({"s_0"}));
  submit("s_3", follow({"s_0"}));
  EXPECT_EQ(log.take(), (Lines{"run s_2@b"}));
  reply("a", "s_1");
  EXPECT_TRUE(log.take().empty());  // a is free, but is not where s_0 ran
  reply("b", "s_2");
  EXPECT_EQ(log.take(), (Lines{"run s_3@b"}));
}

TEST_F(TaskQueueTest, FollowOfTasksOnDifferentEnginesIsImpossible) {
  engine("a");
  engine("b");
  submit("s_0");
  submit("s_1");
  reply("b", "s_0");
  reply("a", "s_1");
  log.take();
  submit("s_2", follow({"s_0", "s_1"}));
  EXPECT_EQ(log.take(), (Lines{"fail s_2 impossible"}));
}

TEST_F(TaskQueueTest, TargetsAreKeptToAndOthersPassBy) {
  engine("a");
  engine("b");
  submit("s_0", on({"b"}));
  submit("s_1", on({"b"}));
  submit("s_2");
  EXPECT_EQ(log.take(), (Lines{"run s_0@b", "run s_2@a"}));
  submit("s_3", on({"nobody"}));
  EXPECT_TRUE(log.take().empty());  // nobody is free to look at it
  reply("b", "s_0");
  EXPECT_EQ(log.take(), (Lines{"fail s_3 impossible", "run s_1@b"}));
}

TEST_F(TaskQueueTest, RetriesElsewhereNeverOnTheSameEngine) {
  engine("a");
  engine("b");
  submit("s_0", retrying(3));
  EXPECT_EQ(reply("b", "s_0", false), TaskQueue::Verdict::rerun);
  EXPECT_EQ(log.take(), (Lines{"run s_0@b", "run s_0@a"}));
  EXPECT_EQ(reply("a", "s_0", false), TaskQueue::Verdict::rerun);
  EXPECT_TRUE(log.take().empty());
  engine("c");
  EXPECT_EQ(log.take(), (Lines{"run s_0@c"}));
  EXPECT_EQ(reply("c", "s_0"), TaskQueue::Verdict::forward);
}

TEST_F(TaskQueueTest, RetriesAreUsedUp) {
  engine("a");
  engine("b");
  submit("s_0", retrying(1));
  EXPECT_EQ(reply("b", "s_0", false), TaskQueue::Verdict::rerun);
  EXPECT_EQ(reply("a", "s_0", false), TaskQueue::Verdict::forward);
}

TEST_F(TaskQueueTest, UnmetDependenciesMoveOnWithoutARetry) {
  engine("a");
  engine("b");
  submit("s_0");
  EXPECT_EQ(unmet("b", "s_0"), TaskQueue::Verdict::rerun);
  EXPECT_EQ(log.take(), (Lines{"run s_0@b", "run s_0@a"}));
  submit("s_1", on({"b"}));
  EXPECT_EQ(unmet("b", "s_1"), TaskQueue::Verdict::rerun);
  EXPECT_EQ(log.take(), (Lines{"run s_1@b", "fail s_1 impossible"}));
}

TEST_F(TaskQueueTest, TimeoutCountsWaitingOnly) {
  engine("a");
  Conditions c;
  c.timeout = seconds(1);
  submit("s_0", c);  // runs
  submit("s_1", c);  // waits
  log.take();
  EXPECT_EQ(queue.next_deadline(), now + seconds(1));
  now += milliseconds(999);
  queue.expire(now);
  EXPECT_TRUE(log.take().empty());
  now += milliseconds(1);
  queue.expire(now);
  EXPECT_EQ(log.take(), (Lines{"fail s_1 timeout"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
}

TEST_F(TaskQueueTest, TasksOfALostEngineFailAfterAGrace) {
  engine("a");
  submit("s_0");
  submit("s_1");
  log.take();
  queue.engine_removed("a", now);
  now += milliseconds(4999);
  queue.expire(now);
  EXPECT_TRUE(log.take().empty());
  now += milliseconds(1);
  queue.expire(now);
  EXPECT_EQ(log.take(), (Lines{"fail s_0 lost@a"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::drop);
  engine("b");
  EXPECT_EQ(log.take(), (Lines{"run s_1@b"}));
}

TEST_F(TaskQueueTest, AReplyWithinTheGraceCounts) {
  engine("a");
  submit("s_0");
  queue.engine_removed("a", now);
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  log.take();
  queue.expire(now + seconds(6));
  EXPECT_TRUE(log.take().empty());
}

TEST_F(TaskQueueTest, ALostTaskWithRetriesRunsElsewhere) {
  engine("a");
  submit("s_0", retrying(1));
  engine("b");
  queue.engine_removed("a", now);
  queue.expire(now + seconds(5));
  EXPECT_EQ(log.take(), (Lines{"run s_0@a", "run s_0@b"}));
}

TEST_F(TaskQueueTest, AnEngineThatComesBackKeepsItsTasks) {
  engine("a");
  submit("s_0");
  submit("s_1");
  queue.engine_removed("a", now);
  engine("a");
  queue.expire(now + seconds(6));
  EXPECT_EQ(log.take(), (Lines{"run s_0@a"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_1@a"}));
}

TEST_F(TaskQueueTest, AnEngineThatDrainsGetsNothingMore) {
  engine("a");
  submit("s_0");
  submit("s_1");
  queue.engine_drains("a", now);
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a"}));
  queue.engine_removed("a", now);
  EXPECT_EQ(queue.next_deadline(), TimePoint::max());
  engine("a");
  EXPECT_EQ(log.take(), (Lines{"run s_1@a"}));
}

TEST_F(TaskQueueTest, WhatADrainingEngineStillHasIsLostWithIt) {
  engine("a");
  submit("s_0");
  queue.engine_drains("a", now);
  queue.expire(now + seconds(60));
  EXPECT_EQ(log.take(), (Lines{"run s_0@a"}));
  queue.engine_removed("a", now);
  queue.engine_removed("a", now);
  queue.expire(now + seconds(5));
  EXPECT_EQ(log.take(), (Lines{"fail s_0 lost@a"}));
}

TEST_F(TaskQueueTest, CancelWithdrawsWhatWaitsAndMarksWhatRuns) {
  engine("a");
  submit("s_0", retrying(5));
  submit("s_1");
  submit("s_2");
  log.take();
  const auto found = queue.cancel({"s_0", "s_1", "other"}, now);
  EXPECT_EQ(found.withdrawn, (Lines{"s_1"}));
  EXPECT_EQ(found.running.at("a"), (Lines{"s_0"}));
  EXPECT_EQ(log.take(), (Lines{"fail s_1 withdrawn"}));
  EXPECT_EQ(reply("a", "s_0", false), TaskQueue::Verdict::forward);  // no retry
  EXPECT_EQ(log.take(), (Lines{"run s_2@a"}));
}

TEST_F(TaskQueueTest, AnEngineThatPassedOverATaskGetsTheNext) {
  engine("a");
  submit("s_0");
  submit("s_1");
  queue.cancel({"s_0"}, now);
  queue.engine_passed("a", queue.runs(), now);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a", "fail s_0 withdrawn", "run s_1@a"}));
}

TEST_F(TaskQueueTest, ManyTasksLeaveNothingBehind) {
  engine("a");
  for (int i = 0; i < 1000; ++i) submit("s_" + std::to_string(i));
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(reply("a", "s_" + std::to_string(i)), TaskQueue::Verdict::forward);
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_EQ(log.lines.size(), 1000u);
  EXPECT_EQ(log.lines.back(), "run s_999@a");
}

class DeepTaskQueueTest : public TaskQueueTest {
 protected:
  DeepTaskQueueTest() : TaskQueueTest(3) {}
};

TEST_F(DeepTaskQueueTest, GivesAnEngineAsManyAsAllowed) {
  engine("a");
  for (int i = 0; i < 5; ++i) submit("s_" + std::to_string(i));
  EXPECT_EQ(log.take().size(), 3u);
  reply("a", "s_1");
  EXPECT_EQ(log.take(), (Lines{"run s_3@a"}));
}

class UnlimitedTaskQueueTest : public TaskQueueTest {
 protected:
  UnlimitedTaskQueueTest() : TaskQueueTest(0) {}
};

TEST_F(UnlimitedTaskQueueTest, WhatAnEngineHasPassedOverItWillNotAnswer) {
  engine("b");
  engine("a");
  for (const char* id : {"s_0", "s_1", "s_2", "s_3"}) submit(id);
  EXPECT_EQ(log.take(), (Lines{"run s_0@a", "run s_1@b", "run s_2@a", "run s_3@b"}));
  queue.cancel({"s_0"}, now);
  const auto runs = queue.runs();
  submit("s_4");
  EXPECT_EQ(log.take(), (Lines{"run s_4@a"}));
  queue.engine_passed("a", runs, now);
  EXPECT_EQ(log.take(), (Lines{"fail s_0 withdrawn", "fail s_2 lost@a"}));
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::drop);
  EXPECT_EQ(reply("a", "s_4"), TaskQueue::Verdict::forward);
  EXPECT_EQ(reply("b", "s_3"), TaskQueue::Verdict::forward);
  queue.engine_passed("a", queue.runs(), now);
  EXPECT_EQ(log.take(), Lines{});
}

TEST_F(UnlimitedTaskQueueTest, WhatIsHandedBackWaitsWhereItStood) {
  engine("a");
  submit("s_0");
  submit("s_1", retrying(1));
  submit("s_2");
  submit("s_3", on({"a"}));
  submit("s_4");
  queue.engine_drains("a", now);
  submit("s_5");
  log.take();
  for (const char* id : {"s_4", "s_3", "s_1", "s_2"})
    EXPECT_EQ(hand_back("a", id), TaskQueue::Verdict::rerun);
  EXPECT_TRUE(log.take().empty());
  EXPECT_EQ(queue.waiting(), 5u);
  EXPECT_EQ(reply("a", "s_0"), TaskQueue::Verdict::forward);
  engine("b");
  EXPECT_EQ(log.take(),
            (Lines{"fail s_3 impossible", "run s_1@b", "run s_2@b", "run s_4@b", "run s_5@b"}));
  engine("c");
  EXPECT_EQ(reply("b", "s_1", false), TaskQueue::Verdict::rerun);  // its retry is still there
  EXPECT_EQ(log.take(), (Lines{"run s_1@c"}));
}

TEST_F(UnlimitedTaskQueueTest, WhatWasCancelledIsNotTakenBack) {
  engine("a");
  submit("s_0");
  queue.engine_drains("a", now);
  queue.cancel({"s_0"}, now);
  EXPECT_EQ(hand_back("a", "s_0"), TaskQueue::Verdict::forward);
}

TEST_F(UnlimitedTaskQueueTest, BalancesByLoad) {
  engine("a");
  engine("b");
  for (int i = 0; i < 100; ++i) submit("s_" + std::to_string(i));
  const auto lines = log.take();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line.ends_with("@a"); }),
            50);
}

TEST(Policies, ChooseWithinTheCandidates) {
  const std::vector<unsigned> loads{3, 1, 1, 2};
  EXPECT_EQ((*make_policy("leastload"))->choose(loads), 1u);
  EXPECT_EQ((*make_policy("lru"))->choose(loads), 0u);
  for (const char* name : {"plainrandom", "twobin", "weighted"}) {
    const auto policy = *make_policy(name);
    for (int i = 0; i < 100; ++i) EXPECT_LT(policy->choose(loads), loads.size()) << name;
  }
  EXPECT_EQ((*make_policy("pure"))->choose(loads), 0u);
  EXPECT_EQ(make_policy("fair").error().code, Code::usage);
}

// `is_ours` for a type.
std::unique_ptr<Conditions> conditions_of(std::string_view metadata,
                                          std::string_view type = "apply_request",
                                          bool* is_ours = nullptr) {
  wire::FieldParser parser;
  bool ours = false;
  auto conditions = read_conditions(parser, metadata, type, ours);
  if (is_ours != nullptr) *is_ours = ours;
  return conditions;
}

TEST(Conditions, SayWhatOnlyOurEnginesUnderstand) {
  const auto is_ours = [](std::string_view metadata, std::string_view type) {
    bool ours = false;
    EXPECT_EQ(conditions_of(metadata, type, &ours), nullptr);
    return ours;
  };
  EXPECT_TRUE(is_ours("{}", "map_request"));
  EXPECT_TRUE(is_ours(R"({"status":false})", "push_request"));
  EXPECT_FALSE(is_ours("{}", "apply_request"));
  EXPECT_FALSE(is_ours(R"({"status":false})", "execute_request"));
  EXPECT_TRUE(is_ours(R"({"kernel":"sh"})", "execute_request"));
  EXPECT_TRUE(is_ours(R"({"output":"reply"})", "execute_request"));
  EXPECT_TRUE(is_ours(R"({"extensions":true})", "execute_request"));
  EXPECT_FALSE(is_ours(R"({"extensions":false})", "execute_request"));
}

TEST(Conditions, AreReadFromMetadata) {
  EXPECT_EQ(conditions_of("{}"), nullptr);
  EXPECT_EQ(conditions_of(R"({"after": [], "follow": [], "timeout": 0.0, "targets": [],
                                        "retries": 0, "label": null})"),
            nullptr);
  const auto c = conditions_of(R"({"after": {"dependencies": ["b", "a"], "all": false},
      "follow": ["x"], "timeout": 0.5, "targets": ["u"], "retries": 2})");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->after.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(c->after.all);
  EXPECT_EQ(c->follow.ids, (std::vector<std::string>{"x"}));
  EXPECT_EQ(c->timeout, milliseconds(500));
  EXPECT_EQ(c->targets, (std::vector<std::string>{"u"}));
  EXPECT_EQ(c->retries, 2u);
  EXPECT_TRUE(conditions_of(R"({"after": {"dependencies": ["a"], "success": false}})")->invalid);
  EXPECT_EQ(conditions_of(R"({"timeout": 1e300})")->timeout, seconds(1000000000));
}

TEST(Conditions, OfARepliesStatus) {
  wire::FieldParser parser;
  EXPECT_TRUE(read_reply(parser, R"({"status": "ok"})").ok);
  EXPECT_TRUE(read_reply(parser, R"({"status": "aborted"})").aborted);
  EXPECT_FALSE(read_reply(parser, R"({"status":"ok","dependencies_met": false})").dependencies_met);
  EXPECT_FALSE(read_reply(parser, "[1").has_status);
}

}  // namespace
}  // namespace ipc::sched
