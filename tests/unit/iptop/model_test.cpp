// SPDX-License-Identifier: BSD-3-Clause
// What iptop makes of answers: changes only, rates, order, filters.
#include "cmd/iptop/model.hpp"

#include <gtest/gtest.h>

namespace iptop {
namespace {

using ipc::seconds;
using ipc::TimePoint;
using ipc::wire::Json;

constexpr TimePoint kStart{seconds(1000)};

ipc::client::EngineTable table_of(std::vector<int> ids) {
  ipc::client::EngineTable table;
  for (const int id : ids) {
    table.engines[id].id = id;
    table.engines[id].host = id < 2 ? "near" : "far";
    table.engines[id].version = "1";
  }
  return table;
}

Json load(int queue, int completed, const char* state = "busy") {
  return {
      {"queue", queue}, {"tasks", 0}, {"completed", completed}, {"failed", 1}, {"state", state}};
}

Json answer(int version, Json engines) {
  return {{"status", "ok"},
          {"ipkit",
           {{"unassigned", 7},
            {"version", version},
            {"engines", std::move(engines)},
            {"rss", 1000},
            {"uptime", 5.0}}}};
}

Model model_of(std::vector<int> ids) {
  Model model;
  model.set_engines(table_of(ids), ids);
  return model;
}

TEST(Top, TakesChangesAndKeepsTheRest) {
  Model model = model_of({0, 1});
  EXPECT_EQ(model.since(), 0);
  EXPECT_TRUE(model.take_queue(answer(5, {{"0", load(2, 10)}, {"1", load(0, 3, "idle")}}), kStart));
  EXPECT_EQ(model.since(), 5);
  EXPECT_TRUE(model.take_queue(answer(6, {{"1", load(1, 4)}}), kStart + seconds(1)));
  EXPECT_EQ(model.find(0)->completed, 10);
  EXPECT_EQ(model.find(1)->completed, 4);
  const Totals totals = model.totals();
  EXPECT_EQ(totals.busy, 2u);
  EXPECT_EQ(totals.running, 3);
  EXPECT_EQ(totals.completed, 14);
  EXPECT_EQ(totals.waiting, 7);
}

TEST(Top, AnEngineThatCameOrWentIsNoticedAndNotLost) {
  Model model = model_of({0});
  EXPECT_FALSE(model.take_queue(answer(5, {{"0", load(0, 1)}, {"3", load(1, 2)}}), kStart));
  EXPECT_EQ(model.since(), 0);  // so that it is told again
  model.set_engines(table_of({0, 3}), {0, 3});
  EXPECT_TRUE(model.take_queue(answer(5, {{"3", load(1, 2)}}), kStart));
  EXPECT_EQ(model.find(3)->completed, 2);
  EXPECT_FALSE(model.take_queue(answer(6, {{"0", load(0, 1, "gone")}}), kStart));
  model.set_engines(table_of({3}), {3});
  EXPECT_EQ(model.find(0), nullptr);
  EXPECT_TRUE(model.take_queue(answer(7, {{"0", load(0, 1, "gone")}}), kStart));
}

TEST(Top, EnginesThatWereNotChosenAreNoNews) {
  Model model;
  model.set_engines(table_of({0, 1}), {1});
  EXPECT_TRUE(model.take_queue(answer(5, {{"0", load(0, 1)}, {"1", load(0, 1)}}), kStart));
  EXPECT_EQ(model.shown(Key::id, false, "", kStart), (std::vector<int>{1}));
}

TEST(Top, RatesAreOfTheLastLooks) {
  Model model = model_of({0});
  for (int i = 0; i < 4; ++i)
    model.take_queue(answer(i + 1, {{"0", load(1, i * 10)}}), kStart + seconds(i));
  EXPECT_DOUBLE_EQ(model.find(0)->rate, 10);
  for (int i = 4; i < 12; ++i) model.take_queue(answer(4, Json::object()), kStart + seconds(i));
  EXPECT_DOUBLE_EQ(model.find(0)->rate, 0);
}

TEST(Top, WhatRunsAndHowLong) {
  Model model = model_of({0, 1, 2});
  model.take_queue(answer(1, {{"0", load(1, 0)}, {"1", load(1, 0)}, {"2", load(0, 0, "idle")}}),
                   kStart);
  model.take_state(
      0,
      {{"status", "ok"},
       {"rss", 5000},
       {"running", {{"msg_id", "a"}, {"label", "fit"}, {"code", "x"}, {"seconds", 2.0}}}},
      kStart);
  model.take_state(
      1,
      {{"status", "ok"},
       {"rss", 9000},
       {"running", {{"msg_id", "b"}, {"label", nullptr}, {"code", "y = 1"}, {"seconds", 4.0}}}},
      kStart);
  model.take_state(2, {{"status", "error"}}, kStart);
  model.take_state(9, {{"status", "ok"}}, kStart);
  EXPECT_EQ(model.find(0)->task, "fit");
  EXPECT_EQ(model.find(1)->task, "y = 1");
  EXPECT_FALSE(model.find(2)->memory);
  EXPECT_DOUBLE_EQ(model.find(0)->age(kStart + seconds(3)), 5);
  EXPECT_EQ(model.shown(Key::age, false, "", kStart), (std::vector<int>{1, 0, 2}));
  EXPECT_EQ(model.shown(Key::memory, true, "", kStart), (std::vector<int>{2, 0, 1}));
  EXPECT_EQ(model.shown(Key::id, true, "", kStart), (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(model.shown(Key::id, false, "far", kStart), (std::vector<int>{2}));
  EXPECT_EQ(model.shown(Key::id, false, "fit", kStart), (std::vector<int>{0}));
  model.take_queue(answer(2, {{"0", load(0, 1, "idle")}}), kStart);
  EXPECT_EQ(model.find(0)->task, "");
}

TEST(Top, AHubThatIsNotOurs) {
  Model model = model_of({0});
  const Json plain = {{"status", "ok"},
                      {"unassigned", 3},
                      {"0", {{"queue", 1}, {"tasks", 2}, {"completed", 5}}},
                      {"8", {{"queue", 0}, {"tasks", 0}, {"completed", 5}}}};
  EXPECT_TRUE(model.take_queue(plain, kStart));
  EXPECT_EQ(model.find(0)->queue, 3);
  EXPECT_EQ(model.find(0)->state, "busy");
  EXPECT_EQ(model.totals().waiting, 3);
  EXPECT_TRUE(model.take_queue(Json("text"), kStart));
}

TEST(Top, ShortTexts) {
  EXPECT_EQ(short_count(9999), "9999");
  EXPECT_EQ(short_count(12'345), "12k");
  EXPECT_EQ(short_count(1'234'567), "1.2M");
  EXPECT_EQ(short_bytes({}), "-");
  EXPECT_EQ(short_bytes(980'000), "980K");
  EXPECT_EQ(short_bytes(1'400'000'000), "1.4G");
  EXPECT_EQ(short_time(0.42), "0.4s");
  EXPECT_EQ(short_time(185), "3m05");
  EXPECT_EQ(short_time(7800), "2h10");
}

}  // namespace
}  // namespace iptop
