// SPDX-License-Identifier: BSD-3-Clause
// The numbers of a run, and that a page is bounded and well-formed whatever the records say.
#include <gtest/gtest.h>

#include "cmd/ipreport/charts.hpp"
#include "cmd/ipreport/data.hpp"
#include "cmd/ipreport/page.hpp"

namespace ipreport {
namespace {

using ipc::client::EngineTable;
using ipc::wire::Json;

constexpr ipc::UnixMicros kStart = 1'700'000'000'000'000;

std::string time_at(double seconds) {
  return ipc::iso8601(kStart + static_cast<ipc::UnixMicros>(seconds * 1e6));
}

EngineTable engines(int count) {
  EngineTable table;
  for (int i = 0; i < count; ++i) {
    table.engines[i].id = i;
    table.engines[i].uuid = "uuid-" + std::to_string(i);
  }
  return table;
}

/// A record of a task that ran on an engine.
Json record(const std::string& id, int engine, double submitted, double started, double completed,
            const std::string& status = "ok") {
  Json json = {{"msg_id", id},
               {"submitted", time_at(submitted)},
               {"started", time_at(started)},
               {"completed", time_at(completed)},
               {"engine_uuid", "uuid-" + std::to_string(engine)},
               {"header", {{"msg_type", "execute_request"}}},
               {"metadata", Json::object()},
               {"result_metadata", {{"status", status}}},
               {"result_content", {{"status", status}}}};
  if (status == "error") {
    json["result_content"]["ename"] = "ValueError";
    json["result_content"]["evalue"] = "bad <b>\x1b[31m";
    json["result_content"]["traceback"] = {"\x1b[0;31mline\x1b[0m <script>"};
  }
  return json;
}

std::string page_of(const ipreport::Run& run) {
  return page_text(run, summarise(run), "here");
}

// Between two engines: 4 s of 5 s and 1 s of 5 s.
TEST(Report, Numbers) {
  const auto run =
      read_run({record("a", 0, 0, 0, 3), record("b", 0, 0, 2, 4), record("c", 1, 1, 4, 5, "error")},
               engines(2));
  const Summary summary = summarise(run);
  EXPECT_EQ(summary.count(State::ok), 2u);
  EXPECT_EQ(summary.count(State::error), 1u);
  EXPECT_DOUBLE_EQ(summary.seconds, 5);
  EXPECT_DOUBLE_EQ(summary.lanes[0].busy, 4);  // what overlaps counts once
  EXPECT_DOUBLE_EQ(summary.lanes[1].busy, 1);
  EXPECT_DOUBLE_EQ(summary.utilisation, 0.5);
  EXPECT_DOUBLE_EQ(summary.rate, 0.6);
  EXPECT_DOUBLE_EQ(summary.durations.quantile(0.5), 2);
  EXPECT_DOUBLE_EQ(summary.durations.quantile(1), 3);
  EXPECT_DOUBLE_EQ(summary.waits.quantile(1), 3);
  EXPECT_EQ(slowest(run, 2), (std::vector<size_t>{0, 1}));
  ASSERT_EQ(run.failures.size(), 1u);
  EXPECT_EQ(run.failures[0].traceback, "line <script>");
}

TEST(Report, GraphAndItsLongestChain) {
  std::vector<Json> records = {record("a", 0, 0, 0, 1), record("b", 0, 0, 1, 2),
                               record("c", 1, 0, 1, 4), record("d", 0, 0, 4, 5)};
  records[1]["metadata"]["after"] = {"a"};
  records[2]["metadata"]["after"] = {{"dependencies", {"a", "nosuch"}}, {"all", false}};
  records[3]["metadata"]["after"] = {"b"};
  records[3]["metadata"]["follow"] = "b";
  records[3]["metadata"]["preceded"] = {"c"};
  records[0]["metadata"]["after"] = {"d", "a"};  // what cannot be is left out
  const auto run = read_run(records, engines(2));
  EXPECT_EQ(run.edges, 4u);
  const Summary summary = summarise(run);
  EXPECT_EQ(summary.critical, (std::vector<size_t>{0, 2, 3}));
  EXPECT_DOUBLE_EQ(summary.critical_seconds, 5);
  const auto levels = levels_of(run);
  ASSERT_EQ(levels.size(), 3u);
  EXPECT_EQ(levels[1].tasks, 2u);
  EXPECT_FALSE(graph_chart(run, summary).empty());
}

TEST(Report, ItemsOfMaps) {
  Json map = record("m", 0, 0, 0, 1);
  map["header"]["msg_type"] = "map_request";
  map["result_content"] = {{"status", "ok"},
                           {"count", 100},
                           {"failed",
                            {{{"index", 3}, {"ename", "E"}, {"evalue", "one"}},
                             {{"index", 4}, {"ename", "E"}, {"evalue", "one"}}}}};
  const auto run = read_run({map}, engines(1));
  const Summary summary = summarise(run);
  EXPECT_EQ(summary.items, 100u);
  EXPECT_EQ(summary.failed_items, 2u);
  ASSERT_EQ(run.failures.size(), 1u);
  EXPECT_EQ(run.failures[0].count, 2u);
}

TEST(Report, NothingFromElsewhereIsMarkup) {
  Json hostile = record("<i>", 0, 0, 0, 1, "error");
  hostile["label"] = "<script>alert(1)</script>\"'&\x01\xff";
  const std::string page = page_of(read_run({hostile}, engines(1)));
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  EXPECT_EQ(page.find('\xff'), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert"), std::string::npos);
}

TEST(Report, RecordsOfAnyForm) {
  const std::vector<Json> odd = {
      {{"msg_id", "a"}},
      {{"msg_id", 1}, {"submitted", "never"}, {"metadata", "text"}},
      {{"msg_id", "b"}, {"completed", time_at(1)}, {"started", time_at(2)}},
      record("c", 7, 5, 3, 2),
      {{"msg_id", "d"}, {"metadata", {{"after", 7}}}, {"result_content", Json::array({1})}}};
  const auto run = read_run(odd, engines(1));
  EXPECT_FALSE(page_of(run).empty());
  EXPECT_FALSE(csv_text(run).empty());
  EXPECT_DOUBLE_EQ(run.tasks[3].duration(), 0);
  EXPECT_DOUBLE_EQ(run.tasks[3].waited(), 0);
  EXPECT_FALSE(page_of(read_run({}, engines(0))).empty());
  EXPECT_FALSE(svg_text(read_run({}, engines(0)), summarise({}), "here").empty());
}

TEST(Report, APageIsBounded) {
  constexpr int kTasks = 100'000, kEngines = 1000;
  std::vector<Json> records;
  for (int i = 0; i < kTasks; ++i) {
    const double start = i / 1000 * 0.1;
    records.push_back(record("task-" + std::to_string(i), i % kEngines, 0, start, start + 0.08,
                             i % 97 == 0 ? "error" : "ok"));
    if (i > 0) records.back()["metadata"]["after"] = {"task-" + std::to_string(i / 2)};
    if (i % 97 == 0)
      records.back()["result_content"]["evalue"] = std::string(5000, 'x') + std::to_string(i);
  }
  const auto run = read_run(records, engines(kEngines));
  EXPECT_FALSE(draws_each_task(run));
  EXPECT_LT(page_of(run).size(), 3u << 20);
  EXPECT_LT(svg_text(run, summarise(run), "here").size(), 2u << 20);
}

TEST(Report, TextForPeople) {
  EXPECT_EQ(time_text(0.00085), "850 µs");
  EXPECT_EQ(time_text(0.5), "500 ms");
  EXPECT_EQ(time_text(0.9999), "1.00 s");
  EXPECT_EQ(time_text(59.99), "1 m 00 s");
  EXPECT_EQ(time_text(90061), "1 d 1 h");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(shorten("äöüß", 3), "äö…");
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abc\nd", 5), "abc…");
  EXPECT_EQ(percent_text(0.004), "0.4%");
}

}  // namespace
}  // namespace ipreport
