// SPDX-License-Identifier: BSD-3-Clause
// The task queue with very many tasks: what an event costs must not grow with what waits. Prints
// the figures; fails where a hundred times as many tasks make an event several times as dear
// (memory is slower than caches, so some growth is natural; a scan would be a hundred times).
// IPKIT_TEST_TASKS=1000000 in the environment: with so many.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <functional>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kUsual = 20'000;
#else
constexpr int kUsual = 200'000;
#endif
const char* const kAsked = std::getenv("IPKIT_TEST_TASKS");
const int kMany = kAsked != nullptr ? std::atoi(kAsked) : kUsual;
const int kFew = kMany / 100;
constexpr double kMostGrowth = 12;
constexpr int kEvents = 5'000;  // beside tasks that stand
constexpr unsigned kEngines = 16;

double cpu_nanoseconds() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// A queue, engines that answer when told to, and ids.
class World : public TaskOutput {
 public:
  explicit World(unsigned engines = kEngines, unsigned limit = 1)
      : queue(*this, *make_policy("leastload"), limit) {
    for (unsigned i = 0; i < engines; ++i) queue.engine_added(engine(i), true, now);
  }

  static std::string engine(unsigned i) { return "3f2b6a1e-engine-" + std::to_string(i); }
  static std::string id(int i) { return "d0c1b7a2-5e9f4c3d8a6b7c1e_4711_" + std::to_string(i); }

  void submit(int i) { submit(i, nullptr); }
  void submit(int i, const std::function<void(Conditions&)>& fill) {
    std::unique_ptr<Conditions> conditions;
    if (fill) fill(*(conditions = std::make_unique<Conditions>()));
    net::Frames frames;
    ASSERT_TRUE(queue.submit(id(i), frames, std::move(conditions), now));
  }

  /// The answer of the first of those that run.
  bool answer(bool ok = true, bool met = true) {
    if (running.empty()) return false;
    const auto [engine, task] = std::move(running.front());
    running.pop_front();
    ReplyFacts facts;
    facts.has_status = true;
    facts.ok = ok;
    facts.dependencies_met = met;
    EXPECT_NE(queue.reply(engine, task, facts, now), TaskQueue::Verdict::drop);
    return true;
  }
  void answer_all() {
    while (answer()) continue;
  }

  void run(Job& job, TaskEngine& engine) override { running.emplace_back(engine.uuid, job.id); }
  void fail(Job&, TaskFailure, const TaskEngine*) override { ++failed; }

  TaskQueue queue;
  std::deque<std::pair<std::string, std::string>> running;
  int failed = 0;
  TimePoint now{};
};

/// Nanoseconds per event.
struct Meter {
  double begin = cpu_nanoseconds(), cost = 0;
  void start() { begin = cpu_nanoseconds(); }
  void stop(int events) { cost = (cpu_nanoseconds() - begin) / events; }
};

/// Something with so many tasks.
using Scenario = std::function<void(int n, Meter& meter)>;

double cost(const Scenario& scenario, int n) {
  Meter meter;
  scenario(n, meter);
  return meter.cost;
}

void expect_flat(const char* name, const Scenario& scenario) {
  const double few = cost(scenario, kFew), many = cost(scenario, kMany);
  std::printf("  %-52s %7.0f ns with %d, %7.0f ns with %d\n", name, few, kFew, many, kMany);
  EXPECT_LT(many, kMostGrowth * few) << name;
}

void on(Conditions& c, std::initializer_list<unsigned> engines) {
  for (const unsigned i : engines) c.targets.push_back(World::engine(i));
}

TEST(TaskGrowth, Plain) {
  expect_flat("tasks without conditions, queued and run", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) w.submit(i);
    w.answer_all();
    EXPECT_EQ(w.queue.waiting(), 0u);
    meter.stop(2 * n);
  });
}

TEST(TaskGrowth, Chains) {
  for (const bool follow : {false, true})
    expect_flat(
        follow ? "a chain, each follows the one before" : "a chain, each after the one before",
        [follow](int n, Meter& meter) {
          World w;
          w.submit(0);
          for (int i = 1; i < n; ++i)
            w.submit(
                i, [&](Conditions& c) { (follow ? c.follow : c.after).ids = {World::id(i - 1)}; });
          w.answer_all();
          EXPECT_EQ(w.queue.waiting(), 0u);
          EXPECT_EQ(w.failed, 0);
          meter.stop(2 * n);
        });
}

TEST(TaskGrowth, FanOutAndFanIn) {
  expect_flat("all after one, one after all of them", [](int n, Meter& meter) {
    World w;
    std::vector<std::string> ids;
    w.submit(0);
    for (int i = 1; i < n; ++i) {
      w.submit(i, [](Conditions& c) { c.after.ids = {World::id(0)}; });
      ids.push_back(World::id(i));
    }
    w.submit(n, [&](Conditions& c) { c.after.ids = ids; });
    w.submit(n + 1, [&](Conditions& c) { c.after.ids = ids, c.after.all = false; });
    w.answer_all();
    EXPECT_EQ(w.queue.waiting(), 0u);
    meter.stop(2 * n);
  });
  expect_flat("a chain whose first fails takes all with it", [](int n, Meter& meter) {
    World w;
    w.submit(0);
    for (int i = 1; i < n; ++i)
      w.submit(i, [&](Conditions& c) { c.after.ids = {World::id(i - 1)}; });
    w.answer(false);
    EXPECT_EQ(w.failed, n - 1);
    meter.stop(2 * n);
  });
}

TEST(TaskGrowth, Retries) {
  expect_flat("all fail, on three engines, then succeed", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) w.submit(i, [](Conditions& c) { c.retries = 3; });
    for (int i = 0; i < 3 * n; ++i) w.answer(false);
    w.answer_all();
    EXPECT_EQ(w.queue.waiting(), 0u);
    meter.stop(5 * n);
  });
}

TEST(TaskGrowth, Timeouts) {
  expect_flat("all run out of time", [](int n, Meter& meter) {
    World w(0);
    for (int i = 0; i < n; ++i)
      w.submit(i, [&](Conditions& c) { c.timeout = seconds(1) + microseconds(i % 1000); });
    w.queue.expire(w.now + seconds(2));
    EXPECT_EQ(w.failed, n);
    meter.stop(2 * n);
  });
  expect_flat("none runs out of time", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) w.submit(i, [&](Conditions& c) { c.timeout = seconds(1000); });
    w.answer_all();
    EXPECT_EQ(w.queue.waiting(), 0u);
    EXPECT_EQ(w.queue.next_deadline(), TimePoint::max());
    meter.stop(2 * n);
  });
}

TEST(TaskGrowth, Withdrawn) {
  expect_flat("every other one is withdrawn while it waits", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) {
      if (i % 4 == 0)
        w.submit(i);
      else if (i % 4 == 1)
        w.submit(i, [&](Conditions& c) { c.after.ids = {World::id(i - 1)}; });
      else if (i % 4 == 2)
        w.submit(i, [&](Conditions& c) { on(c, {1, 2}); });
      else
        w.submit(i, [&](Conditions& c) { c.timeout = seconds(1000); });
    }
    meter.start();
    for (int i = n - 1; i > 100; i -= 2) w.queue.cancel({World::id(i)}, w.now);
    w.answer_all();
    meter.stop(n);
  });
}

/// Plain tasks that pass while n stand.
void pass_by(World& w, int n, Meter& meter) {
  meter.start();
  for (int i = 0; i < kEvents; ++i) {
    w.submit(n + 1 + i);
    w.answer();
  }
  meter.stop(kEvents);
}

TEST(TaskGrowth, OthersStand) {
  expect_flat("others wait for one engine, which is busy", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) w.submit(i, [&](Conditions& c) { on(c, {3}); });
    w.running.pop_front();
    pass_by(w, n, meter);
  });
  expect_flat("others wait for one of many pairs of busy engines", [](int n, Meter& meter) {
    World w(100);
    for (unsigned i = 0; i < 99; ++i)
      w.submit(n + 100000 + static_cast<int>(i), [&](Conditions& c) { on(c, {i}); });
    for (int i = 0; i < n; ++i) {
      const auto a = static_cast<unsigned>(i % 99), b = static_cast<unsigned>(i / 99 % 99);
      w.submit(i, [&](Conditions& c) { on(c, {a, b}); });
    }
    w.running.clear();
    pass_by(w, n, meter);
  });
  expect_flat("others follow one that runs", [](int n, Meter& meter) {
    World w;
    w.submit(0);
    for (int i = 1; i < n; ++i) w.submit(i, [&](Conditions& c) { c.follow.ids = {World::id(0)}; });
    w.running.clear();
    pass_by(w, n, meter);
  });
  expect_flat("others have been refused by every engine", [](int n, Meter& meter) {
    World w(3);
    for (int i = 0; i < n; ++i) w.submit(i);
    for (int i = 0; i < 3 * n; ++i) w.answer(true, false);
    EXPECT_EQ(w.queue.waiting(), static_cast<std::size_t>(n));
    pass_by(w, n, meter);
  });
}

TEST(TaskGrowth, ABadEngineAmongMany) {
  // It fails at once whatever it gets, so that it is the one with room; the others fail now and
  // then: as many different sets of engines a task must not go to.
  expect_flat("one of 100 engines fails everything", [](int n, Meter& meter) {
    World w(100);
    unsigned dice = 1;
    int events = 0;
    for (int i = 0; i < n; ++i) w.submit(i, [](Conditions& c) { c.retries = 4; });
    while (!w.running.empty()) {
      dice = dice * 1664525 + 1013904223;
      w.answer(w.running.front().first != World::engine(7) && dice >> 16 & 3);
      ++events;
    }
    meter.stop(events + n);
  });
}

TEST(TaskGrowth, EnginesComeAndGo) {
  expect_flat("an engine is lost, another one joins", [](int n, Meter& meter) {
    World w;
    for (int i = 0; i < n; ++i) {
      if (i % 3 == 0)
        w.submit(i);
      else if (i % 3 == 1)
        w.submit(i, [&](Conditions& c) { on(c, {1, 2}); });
      else
        w.submit(i, [&](Conditions& c) { c.after.ids = {World::id(i - 2)}, c.retries = 1; });
    }
    meter.start();
    constexpr unsigned kChanges = 500;
    for (unsigned i = 0; i < kChanges; ++i) {
      w.queue.engine_removed(World::engine(i + 3), w.now);
      w.queue.engine_added(World::engine(i + 3 + kEngines), true, w.now);
      w.now += seconds(6);
      w.queue.expire(w.now);
    }
    meter.stop(kChanges);
  });
}

TEST(TaskGrowth, Memory) {
  const auto used = [] { return ::mallinfo2().uordblks; };
  const auto per_task = [&](const char* name, const std::function<void(Conditions&)>& fill) {
    World w(0);
    const auto before = used();
    const int kTasks = kMany / 4;
    for (int i = 0; i < kTasks; ++i) w.submit(i, i == 0 ? nullptr : fill);
    const double bytes = static_cast<double>(used() - before) / kTasks;
    std::printf("  %-52s %7.0f bytes besides the message\n", name, bytes);
    EXPECT_LT(bytes, 1000) << name;
  };
  per_task("a queued task without conditions", nullptr);
  per_task("a queued task with targets", [](Conditions& c) { on(c, {1, 2, 3}); });
  per_task("a queued task with retries and a timeout",
           [](Conditions& c) { c.retries = 1, c.timeout = seconds(1); });
  per_task("a queued task after another", [](Conditions& c) { c.after.ids = {World::id(0)}; });
}

}  // namespace
}  // namespace ipc::sched
