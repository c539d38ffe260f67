// SPDX-License-Identifier: BSD-3-Clause
// Every kind of dependency on every way two tasks can end, before the dependent one comes and
// while it waits, against the protocol's definition in sets.
#include <gtest/gtest.h>

#include <algorithm>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {
namespace {

using Lines = std::vector<std::string>;

struct Log : TaskOutput {
  Lines lines;
  void run(Job& job, TaskEngine& engine) override {
    lines.push_back("run " + job.id + "@" + engine.uuid);
  }
  void fail(Job& job, TaskFailure why, const TaskEngine*) override {
    lines.push_back("fail " + job.id + " " + std::to_string(static_cast<int>(why)));
  }
  void pass_on() override { lines.push_back("pass on"); }
  Lines take() { return std::exchange(lines, {}); }
};

ReplyFacts facts(bool ok) {
  ReplyFacts f;
  f.has_status = true;
  f.ok = ok;
  return f;
}

struct Kind {
  bool all, success, failure;
  bool ok[2];      // how the two end
  bool same;       // on one engine
  unsigned early;  // how many of them end before the dependent comes
};

std::string text(const Kind& k) {
  std::string s = k.all ? "all" : "any";
  if (k.success) s += " success";
  if (k.failure) s += " failure";
  return s + " of " + (k.ok[0] ? "ok " : "error ") + (k.ok[1] ? "ok" : "error") +
         (k.same ? ", one engine, " : ", two engines, ") + std::to_string(k.early) + " before";
}

std::vector<Kind> kinds() {
  std::vector<Kind> result;
  for (unsigned bits = 0; bits < 64; ++bits)
    for (unsigned early = 0; early <= 2; ++early) {
      const auto bit = [bits](unsigned n) { return (bits >> n & 1) != 0; };
      if (bit(1) || bit(2))
        result.push_back({bit(0), bit(1), bit(2), {bit(3), bit(4)}, bit(5), early});
    }
  return result;
}

/// Two tasks that end on engines, and one that depends on them: what becomes of it.
class Play {
 public:
  explicit Play(const Kind& kind) : kind_(kind) {
    for (const char* uuid : {"a", "b"}) queue.engine_added(uuid, true, now);
    submit("s_0", {}, "a");
    submit("s_1", {}, kind.same ? "a" : "b");
    log.take();
  }

  Lines of(Dependency Conditions::*which) {
    for (unsigned i = 0; i < kind_.early; ++i) end(i);
    log.take();
    Dependency d;
    d.ids = {"s_0", "s_1"};
    d.all = kind_.all;
    d.success = kind_.success;
    d.failure = kind_.failure;
    Conditions conditions;
    conditions.*which = std::move(d);
    submit("s_2", std::move(conditions));
    for (unsigned i = kind_.early; i < 2; ++i) end(i);
    Lines about;
    for (auto& line : log.take())
      if (line.find("s_2") != std::string::npos) about.push_back(std::move(line));
    return about;
  }

  void submit(const std::string& id, Conditions conditions, const char* target = nullptr) {
    if (target != nullptr) conditions.targets = {target};
    net::Frames frames;
    queue.submit(id, frames, std::make_unique<Conditions>(std::move(conditions)), now);
  }
  void end(unsigned i) {
    const char* engine = i == 0 || kind_.same ? "a" : "b";
    EXPECT_EQ(queue.reply(engine, "s_" + std::to_string(i), facts(kind_.ok[i]), now),
              TaskQueue::Verdict::forward);
  }

  Log log;
  TaskQueue queue{log, *make_policy("lru"), 0};
  TimePoint now{};

 private:
  Kind kind_;
};

/// How many of the two count, by the definition.
int relevant(const Kind& k) {
  return static_cast<int>(std::count_if(std::begin(k.ok), std::end(k.ok),
                                        [&](bool ok) { return ok ? k.success : k.failure; }));
}
bool is_met(const Kind& k) {
  return k.all ? relevant(k) == 2 : relevant(k) > 0;
}

TEST(TaskDependency, AfterOfEveryKind) {
  for (const Kind& k : kinds()) {
    const Lines got = Play(k).of(&Conditions::after);
    ASSERT_EQ(got.size(), 1u) << text(k);
    EXPECT_EQ(got[0].starts_with(is_met(k) ? "run s_2" : "fail s_2 1"), true)
        << text(k) << ": " << got[0];
  }
}

TEST(TaskDependency, FollowOfEveryKind) {
  for (const Kind& k : kinds()) {
    const Lines got = Play(k).of(&Conditions::follow);
    ASSERT_EQ(got.size(), 1u) << text(k);
    const bool counts_on_a = k.ok[0] ? k.success : k.failure;
    const bool runs = is_met(k) && (!k.all || k.same);
    EXPECT_TRUE(got[0].starts_with(runs ? "run s_2" : "fail s_2 1")) << text(k);
    if (!got[0].starts_with("run")) continue;
    // Where one of them counts, or both do in the same place.
    const char* const where = k.same || counts_on_a ? "@a" : "@b";
    EXPECT_TRUE((!k.same && relevant(k) == 2) || got[0].ends_with(where)) << text(k);
  }
}

TEST(TaskDependency, AReplyGoesBeforeWhatFollowsFromIt) {
  Play play({true, true, false, {false, false}, true, 0});
  Conditions after;
  after.after.ids = {"s_0"};
  play.submit("s_2", std::move(after));
  play.end(0);
  EXPECT_EQ(play.log.take(), (Lines{"pass on", "fail s_2 1"}));
  play.end(1);
  EXPECT_TRUE(play.log.take().empty());  // nothing depends on it
}

TEST(TaskDependency, ATaskThatRunsAgainKnowsWhatEndedMeanwhile) {
  // It follows any of two; the second one ends while it runs where the first one did.
  Play play({false, true, false, {true, true}, false, 1});
  Conditions c;
  c.retries = 1;
  c.follow.ids = {"s_0", "s_1"};
  c.follow.all = false;
  play.end(0);
  play.submit("s_2", std::move(c));
  EXPECT_EQ(play.log.take(), (Lines{"run s_2@a"}));
  play.end(1);
  EXPECT_EQ(play.log.take(), (Lines{"pass on"}));
  EXPECT_EQ(play.queue.reply("a", "s_2", facts(false), play.now), TaskQueue::Verdict::rerun);
  EXPECT_EQ(play.log.take(), (Lines{"run s_2@b"}));
}

TEST(TaskDependency, ATargetThatComesBackIsNotTooLate) {
  Play play({true, true, false, {true, true}, true, 0});
  play.queue.engine_removed("b", play.now);
  Conditions c;
  c.after.ids = {"s_0"};
  play.submit("s_2", std::move(c), "b");
  EXPECT_TRUE(play.log.take().empty());  // its time has not come
  play.queue.engine_added("b", true, play.now);
  play.end(0);
  EXPECT_EQ(play.log.take(), (Lines{"pass on", "run s_2@b"}));
}

TEST(TaskDependency, MoreEnginesThanAWordHasBits) {
  Log log;
  TaskQueue queue(log, *make_policy("lru"), 1);
  const auto name = [](int i) { return "e" + std::to_string(i); };
  const auto submit = [&](const std::string& id, std::vector<std::string> targets) {
    auto conditions = std::make_unique<Conditions>();
    conditions->targets = std::move(targets);
    net::Frames frames;
    queue.submit(id, frames, std::move(conditions), {});
  };
  // Each waits for an engine that is still to come; e0 is busy.
  queue.engine_added("e0", true, {});
  submit("s_0", {"e0"});
  for (int i = 1; i < 300; ++i) submit("s_" + std::to_string(i), {"e0", name(i)});
  EXPECT_EQ(log.take(), (Lines{"run s_0@e0"}));
  for (int i = 299; i > 0; --i) queue.engine_added(name(i), true, {});
  const Lines ran = log.take();
  ASSERT_EQ(ran.size(), 299u);
  for (int i = 1; i < 300; ++i)
    EXPECT_EQ(ran[static_cast<std::size_t>(299 - i)], "run s_" + std::to_string(i) + "@" + name(i));
  EXPECT_EQ(queue.waiting(), 0u);
}

}  // namespace
}  // namespace ipc::sched
