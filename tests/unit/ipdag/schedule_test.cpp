// SPDX-License-Identifier: BSD-3-Clause
// Which node may be handed over when, over random graphs and random ends.
#include "cmd/ipdag/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ipdag {
namespace {

using State = Schedule::State;

Graph make_graph(Index count, const std::vector<std::pair<Index, Index>>& edges) {
  Graph graph("test");
  for (Index i = 0; i < count; ++i) graph.node(std::to_string(i), i + 1);
  for (const auto& [before, after] : edges) graph.connect(before, after);
  EXPECT_TRUE(graph.finish());
  return graph;
}

std::vector<Index> take_all(Schedule& schedule, bool ahead) {
  std::vector<Index> taken;
  for (Index node = 0; schedule.next(ahead, node);) {
    schedule.sent(node, true);
    taken.push_back(node);
  }
  return taken;
}

TEST(Schedule, GoesAheadOfTimeOnlyIfAsked) {
  const Graph graph = make_graph(3, {{0, 1}, {1, 2}});
  Schedule careful(graph), eager(graph);
  EXPECT_EQ(take_all(careful, false), (std::vector<Index>{0}));
  careful.done(0);
  EXPECT_EQ(take_all(careful, false), (std::vector<Index>{1}));
  EXPECT_EQ(take_all(eager, true), (std::vector<Index>{0, 1, 2}));
}

TEST(Schedule, WaitsForWhatMayBeTriedAgain) {
  const Graph graph = make_graph(2, {{0, 1}});
  Schedule schedule(graph);
  Index node = 9;
  ASSERT_TRUE(schedule.next(true, node));
  schedule.sent(0, false);
  EXPECT_FALSE(schedule.next(true, node));
  schedule.again(0);
  ASSERT_TRUE(schedule.next(true, node));
  EXPECT_EQ(node, 0u);
  schedule.sent(0, true);
  ASSERT_TRUE(schedule.next(true, node));
  EXPECT_EQ(node, 1u);
}

TEST(Schedule, FailureSkipsWhatDependsOnIt) {
  const Graph graph = make_graph(5, {{0, 1}, {1, 2}, {3, 2}, {3, 4}});
  Schedule schedule(graph);
  take_all(schedule, true);
  schedule.failed(0);
  EXPECT_EQ(schedule.state(1), State::skipped);
  EXPECT_EQ(schedule.state(2), State::skipped);
  EXPECT_EQ(schedule.cause(2), 0u);
  EXPECT_EQ(schedule.state(4), State::sent);
  EXPECT_EQ(schedule.open(), 2u);
}

// Two nodes, and a third that comes after them in some form; a fourth after that.
Graph graph_with(Forms forms, bool follow = false) {
  Graph graph("test");
  for (Index i = 0; i < 4; ++i) graph.node(std::to_string(i), i + 1);
  Node& third = graph.nodes()[2];
  (follow ? third.follow : third.after) = {0, 1};
  (follow ? third.follow_forms : third.after_forms) = forms;
  graph.connect(2, 3);
  EXPECT_TRUE(graph.finish());
  return graph;
}

// What the third node is at after each end: `+` or `-` of 0, then of 1.
std::string course(Forms forms, const std::string& ends, bool follow = false) {
  const Graph graph = graph_with(forms, follow);
  Schedule schedule(graph);
  EXPECT_EQ(take_all(schedule, true), (std::vector<Index>{0, 1}));
  std::string text;
  for (Index i = 0; i < 2; ++i) {
    ends[i] == '+' ? schedule.done(i) : schedule.failed(i);
    take_all(schedule, true);
    const State state = schedule.state(2);
    text += state == State::sent ? 'r' : state == State::skipped ? 's' : 'w';
    EXPECT_EQ(schedule.state(3), state);
  }
  EXPECT_EQ(schedule.open(), text[1] == 'r' ? 2u : 0u);
  return text;
}

TEST(Schedule, FormsDecideWhatRuns) {
  const Forms any{false, true, false}, failure{true, false, true}, either{true, true, true},
      any_failure{false, false, true};
  for (const bool follow : {false, true}) {
    EXPECT_EQ(course(any, "+-", follow), "rr");
    EXPECT_EQ(course(any, "-+", follow), "wr");
    EXPECT_EQ(course(any, "--", follow), "ws");
    EXPECT_EQ(course(failure, "--", follow), "wr");
    EXPECT_EQ(course(failure, "-+", follow), "ws");
    EXPECT_EQ(course(failure, "+-", follow), "ss");
    EXPECT_EQ(course(either, "+-", follow), "wr");
    EXPECT_EQ(course(either, "--", follow), "wr");
    EXPECT_EQ(course(any_failure, "+-", follow), "wr");
    EXPECT_EQ(course(any_failure, "++", follow), "ws");
  }
}

TEST(Schedule, WhatIsNotNeededIsItsOwnCause) {
  const Graph graph = graph_with({true, false, true});
  Schedule schedule(graph);
  schedule.done(0);
  EXPECT_EQ(schedule.cause(2), 2u);
  EXPECT_EQ(schedule.cause(3), 2u);
  const Graph other = graph_with({false, true, false});
  Schedule failing(other);
  failing.failed(1);
  failing.failed(0);
  EXPECT_EQ(failing.cause(2), 0u);
}

TEST(Schedule, ASkippedNodeCountsAsFailed) {
  Graph graph("test");
  for (Index i = 0; i < 3; ++i) graph.node(std::to_string(i), i + 1);
  graph.connect(0, 1);
  graph.nodes()[2].after = {1};
  graph.nodes()[2].after_forms = {true, false, true};
  ASSERT_TRUE(graph.finish());
  Schedule schedule(graph);
  take_all(schedule, true);
  schedule.failed(0);
  EXPECT_EQ(schedule.state(1), State::skipped);
  EXPECT_EQ(take_all(schedule, true), (std::vector<Index>{2}));
}

TEST(Schedule, FormsOfNodesThatAreDoneAlready) {
  Graph graph = graph_with({false, true, false});
  graph.nodes()[1].done = true;
  Schedule schedule(graph);
  EXPECT_EQ(take_all(schedule, true), (std::vector<Index>{0, 2, 3}));
  Graph unneeded = graph_with({true, false, true});
  unneeded.nodes()[0].done = true;
  Schedule other(unneeded);
  EXPECT_EQ(other.state(3), State::skipped);
  EXPECT_EQ(take_all(other, true), (std::vector<Index>{1}));
}

TEST(Schedule, SkipsWhatIsDoneAlready) {
  Graph graph = make_graph(3, {{0, 1}, {1, 2}});
  graph.nodes()[0].done = graph.nodes()[2].done = true;
  Schedule schedule(graph);
  EXPECT_EQ(schedule.open(), 1u);
  EXPECT_EQ(take_all(schedule, false), (std::vector<Index>{1}));
  schedule.done(1);
  EXPECT_EQ(schedule.open(), 0u);
}

// One run over a random graph: some nodes fail, some try again, all orders of ends.
void run_random(unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](size_t below) { return random() % below; };
  const Index count = 2 + static_cast<Index>(pick(40));
  std::vector<std::pair<Index, Index>> edges;
  for (size_t i = pick(4 * count); i > 0; --i) {
    const auto a = static_cast<Index>(pick(count)), b = static_cast<Index>(pick(count));
    if (a != b) edges.emplace_back(std::min(a, b), std::max(a, b));
  }
  Graph graph = make_graph(count, edges);
  for (auto& node : graph.nodes()) node.done = pick(8) == 0;
  Schedule schedule(graph);
  std::vector<bool> last(count);
  std::vector<Index> sent;
  while (true) {
    Index node = 0;
    while (sent.size() < 1 + pick(8) && schedule.next(pick(2) == 0, node)) {
      for (const Index before : graph[node].after)
        ASSERT_TRUE(schedule.state(before) == State::done ||
                    (schedule.state(before) == State::sent && last[before]));
      last[node] = pick(3) > 0;
      schedule.sent(node, last[node]);
      sent.push_back(node);
    }
    if (sent.empty() && schedule.open() == 0) break;
    if (sent.empty()) continue;
    // The scheduler starts a task only when all before it are done.
    std::vector<Index> able;
    for (const Index i : sent)
      if (schedule.state(i) == State::skipped ||
          std::all_of(graph[i].after.begin(), graph[i].after.end(),
                      [&](Index b) { return schedule.state(b) == State::done; }))
        able.push_back(i);
    ASSERT_FALSE(able.empty());
    const Index ends = able[pick(able.size())];
    std::erase(sent, ends);
    if (schedule.state(ends) == State::skipped) continue;
    if (pick(6) > 0)
      schedule.done(ends);
    else if (!last[ends])
      schedule.again(ends);
    else
      schedule.failed(ends);
  }
  for (Index i = 0; i < count; ++i)
    ASSERT_TRUE(schedule.state(i) == State::done || schedule.state(i) == State::failed ||
                schedule.state(i) == State::skipped);
}

TEST(Schedule, EveryNodeEndsAndNoneGoesTooEarly) {
  for (unsigned seed = 1; seed <= 500 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    run_random(seed);
  }
}

TEST(Graph, NamesItsCycle) {
  Graph graph("file");
  for (Index i = 0; i < 5; ++i) graph.node(std::string(1, static_cast<char>('a' + i)), 10 + i);
  graph.connect(0, 1);
  graph.connect(1, 2);
  graph.connect(2, 3);
  graph.connect(3, 1);
  graph.connect(3, 4);
  const auto finished = graph.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().what, "file:11: cycle: b -> c -> d -> b");
}

TEST(Graph, OrderIsThatOfTheFileWhereItMay) {
  const Graph graph = make_graph(4, {{3, 0}, {3, 0}});
  EXPECT_EQ(graph.order(), (std::vector<Index>{1, 2, 3, 0}));
  EXPECT_EQ(graph[0].after, (std::vector<Index>{3}));
}

}  // namespace
}  // namespace ipdag
