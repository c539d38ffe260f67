// SPDX-License-Identifier: BSD-3-Clause
// Records: what is kept, what is culled, what queries find; the books and the waits.
#include "libipc/hub/store.hpp"

#include <gtest/gtest.h>

#include "libipc/hub/queries.hpp"
#include "libipc/hub/sqlite_store.hpp"
#include "libipc/hub/waits.hpp"
#include "tests/unit/hub/temp_dir.hpp"

namespace ipc::hub {
namespace {

using wire::Json;

std::string header(const std::string& id, const char* type, int second = 0) {
  return wire::dump_json(
      {{"msg_id", id},
       {"msg_type", type},
       {"session", "s"},
       {"date", "2026-11-20T10:00:" + std::to_string(10 + second) + ".000001Z"}});
}

// Every store answers the same.
class BooksTest : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr std::size_t kRecords = 10, kBytes = 1000;

  BooksTest()
      : accounts(registry, *store, [this](std::string_view id) { ended.emplace_back(id); }) {
    (void)registry.request("e0", {}, nullptr, {});
    registry.admit("e0");
    accounts.engine_added(0);
  }

  // Texts must live as long as the event.
  struct Texts {
    std::string head, parent = "{}", metadata = "{}", content = "{}", client = "C", engine;
    net::MessageEvent event() const {
      net::MessageEvent e;
      e.client = client;
      e.engine = engine;
      e.view.header = head;
      e.view.parent = parent;
      e.view.metadata = metadata;
      e.view.content = content;
      return e;
    }
  };

  void direct(const std::string& id, int second = 0) {
    const Texts t{header(id, "execute_request", second), "{}", "{}", "{}", "C", "e0"};
    net::Frames buffers;
    buffers.emplace_back("in");
    accounts.mux_request(t.event(), buffers);
  }
  void direct_reply(const std::string& id, const char* status = "ok") {
    const Texts t{header(id + "r", "execute_reply"),
                  header(id, "execute_request"),
                  R"({"status": ")" + std::string(status) + R"(", "engine": "e0"})",
                  "{}",
                  "C",
                  "e0"};
    net::Frames buffers;
    buffers.emplace_back("out " + id);
    accounts.mux_reply(t.event(), buffers);
  }
  void task(const std::string& id) {
    const Texts t{header(id, "apply_request"), "{}", R"({"label": "L"})", "{}", "C", ""};
    net::Frames buffers;
    auto event = t.event();
    event.task = {id, "apply_request", "2026-11-20T10:00:10.000001Z", "", ""};
    accounts.task_request(event, buffers);
  }
  void task_reply(const std::string& id, const char* status = "ok") {
    const Texts t{header(id + "r", "apply_reply"),
                  header(id, "apply_request"),
                  R"({"status": ")" + std::string(status) + R"("})",
                  "{}",
                  "C",
                  "e0"};
    net::Frames buffers;
    auto event = t.event();
    event.task = {id, "apply_reply", "", status, ""};
    accounts.task_reply(event, buffers);
  }

  Json queue(const Json& content = {{"targets", nullptr}}) {
    return queue_answer(accounts, registry, content, 1).content;
  }

  Registry registry;
  static std::unique_ptr<Store> make(const std::string& file) {
    if (GetParam() == std::string("memory")) return make_memory_store(kRecords, kBytes);
    auto store = open_sqlite_store(file, {.records = kRecords});
    return store ? *std::move(store) : nullptr;
  }

  TempDir directory;
  std::unique_ptr<Store> store = make(directory.path + "/tasks.db");
  Accounts accounts;
  std::vector<std::string> ended;
};

TEST_P(BooksTest, TheLastRepliesOfAnEngineThatLeftCount) {
  direct("s_0");
  direct("s_1");
  const auto gone = registry.remove(0, "left", 0);
  direct_reply("s_0");
  accounts.stranded(*gone);
  direct_reply("s_1");  // too late: it is answered
  EXPECT_EQ(accounts.state("s_0"), TaskState::ok);
  EXPECT_EQ(accounts.state("s_1"), TaskState::error);
}

TEST_P(BooksTest, CountsDirectRequests) {
  direct("s_0");
  EXPECT_EQ(queue()["0"]["queue"], 1);
  direct_reply("s_0");
  EXPECT_EQ(queue()["0"]["queue"], 0);
  EXPECT_EQ(queue()["0"]["completed"], 1);
  direct_reply("s_0");  // again: the record only
  EXPECT_EQ(queue()["0"]["completed"], 1);
  EXPECT_EQ(ended, (std::vector<std::string>{"s_0"}));
}

TEST_P(BooksTest, CountsTasksFromSubmissionToEnd) {
  task("s_0");
  EXPECT_EQ(queue()["unassigned"], 1);
  accounts.task_assigned("s_0", "e0");
  EXPECT_EQ(queue()["unassigned"], 0);
  EXPECT_EQ(queue()["0"]["tasks"], 1);
  task_reply("s_0", "error");
  EXPECT_EQ(queue()["0"]["tasks"], 0);
  EXPECT_EQ(accounts.state("s_0"), TaskState::error);
  const Json ours = queue({{"targets", 0}, {"ipkit", true}})["ipkit"];
  EXPECT_EQ(ours["engines"]["0"]["failed"], 1);
  EXPECT_EQ(ours["engines"]["0"]["state"], "idle");
}

TEST_P(BooksTest, QueueKnowsItsTargets) {
  EXPECT_EQ(queue({{"targets", Json::array()}})["ename"], "IndexError");
  EXPECT_EQ(queue({{"targets", {0, 99}}})["evalue"], "No Such Engine: [99]");
  EXPECT_EQ(queue({{"targets", "e0"}, {"verbose", true}})["0"]["queue"], Json::array());
}

TEST_P(BooksTest, ResultsComeSortedWithTheirBuffers) {
  direct("s_1");
  direct("s_0");
  direct("s_2");
  direct_reply("s_1");
  direct_reply("s_0");
  const auto answer = result_answer(accounts, {{"msg_ids", {"s_2", "s_1", "s_0", "s_1"}}});
  EXPECT_EQ(answer.content["completed"], (Json{"s_0", "s_1"}));
  EXPECT_EQ(answer.content["pending"], (Json{"s_2"}));
  ASSERT_EQ(answer.buffers.size(), 2u);
  EXPECT_EQ(answer.buffers[0].view(), "out s_0");
  EXPECT_EQ(answer.content["s_0"]["io"]["stdout"], "");
  const auto unknown = result_answer(accounts, {{"msg_ids", {"x"}}});
  EXPECT_EQ(unknown.type, "result_reply");
  EXPECT_EQ(unknown.content["evalue"], "'No such message: x'");
}

TEST_P(BooksTest, LargeBuffersAreNotKept) {
  net::Frames buffers;
  const auto sized = [&buffers](std::size_t size) {
    buffers.clear();
    buffers.push_back(net::Frame::sized(size));
  };
  const Texts small{header("s_0", "apply_request"), "{}", "{}", "{}", "C", "e0"};
  sized(kKeptInput);
  accounts.mux_request(small.event(), buffers);
  EXPECT_TRUE(store->find("s_0")->has_buffers);
  const Texts large{header("s_1", "apply_request"), "{}", "{}", "{}", "C", "e0"};
  sized(kKeptInput + 1);
  accounts.mux_request(large.event(), buffers);
  EXPECT_FALSE(store->find("s_1")->has_buffers);

  const Texts reply{header("s_1r", "apply_reply"),
                    header("s_1", "apply_request"),
                    R"({"status": "ok", "engine": "e0"})",
                    R"({"status": "ok"})",
                    "C",
                    "e0"};
  sized(kKeptResult + 1);
  accounts.mux_reply(reply.event(), buffers);
  EXPECT_EQ(accounts.state("s_1"), TaskState::ok);
  const auto answer = result_answer(accounts, {{"msg_ids", {"s_1"}}});
  EXPECT_EQ(answer.content["s_1"]["result_content"]["ename"], "ResultNotKept");
  EXPECT_TRUE(answer.buffers.empty());
}

TEST_P(BooksTest, StrandedRequestsEnd) {
  direct("s_0");
  accounts.stranded(*registry.find("e0"));
  EXPECT_EQ(accounts.state("s_0"), TaskState::error);
  EXPECT_EQ(queue()["0"]["queue"], 0);
  EXPECT_EQ(wire::parse_json(store->find("s_0")->result.content())->at("ename"), "EngineError");
}

TEST_P(BooksTest, CullsFinishedRecordsOnly) {
  for (int i = 0; i < 30; ++i) direct("s_" + std::to_string(i), i);
  size_t n = 0;
  store->each({}, [&](const Record&) { ++n; });
  EXPECT_EQ(n, 30u);  // pending ones stay
  for (int i = 0; i < 30; ++i) direct_reply("s_" + std::to_string(i));
  n = 0;
  store->each({}, [&](const Record&) { ++n; });
  EXPECT_LE(n, 10u);
  EXPECT_NE(store->find("s_29"), nullptr);
  EXPECT_EQ(store->find("s_0"), nullptr);
}

// More wait than are kept in memory: where there is a file, they are there and can be added to.
TEST_P(BooksTest, RecordsOfTasksThatWaitAreWhole) {
  const int n = static_cast<int>(Accounts::kManyOpen) + 50;
  const auto id = [](int i) { return "s_" + std::to_string(i); };
  for (int i = 0; i < n; ++i) task(id(i));
  for (int i = 0; i < 3; ++i) {
    accounts.tick();
    store->tick();
  }
  size_t seen = 0;
  store->each({}, [&](const Record& r) { seen += r.label == "\"L\"" && !r.completed; });
  EXPECT_EQ(seen, static_cast<size_t>(n));
  accounts.task_assigned(id(0), "e0");
  accounts.task_assigned(id(1), "e0");
  task_reply(id(0));
  ASSERT_NE(store->find(id(1)), nullptr);
  EXPECT_EQ(store->find(id(1))->engine_uuid, "e0");
  EXPECT_FALSE(store->find(id(1))->completed);
  store->drop({});  // ends with the one that is over
  EXPECT_EQ(store->find(id(0)), nullptr);
  task_reply(id(1), "error");
  task_reply(id(2));
  const Record* record = store->find(id(1));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->request.header(), header(id(1), "apply_request"));
  EXPECT_EQ(record->result.header(), header(id(1) + "r", "apply_reply"));
  EXPECT_TRUE(record->completed);
  EXPECT_EQ(record->label, "\"L\"");
  EXPECT_EQ(accounts.state(id(1)), TaskState::error);
  record = store->find(id(2));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->engine_uuid, "e0");
}

// Its place in memory is looked at twice before it goes.
TEST_P(BooksTest, OutputOfATaskThatWaitsStaysWithIt) {
  const int n = static_cast<int>(Accounts::kManyOpen) + 1;
  for (int i = 0; i < n; ++i) task("s_" + std::to_string(i));
  accounts.tick();
  accounts.tick();
  const Texts t{header("x", "stream"), header("s_0", "apply_request"), "{}",
                R"({"name": "stdout", "text": "hello"})", "C", ""};
  accounts.output(t.event());
  accounts.task_assigned("s_0", "e0");
  store->tick();
  task_reply("s_0");
  const Record* record = store->find("s_0");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->out, "hello");
  EXPECT_EQ(record->request.header(), header("s_0", "apply_request"));
  EXPECT_TRUE(record->completed);
}

TEST_P(BooksTest, PurgeRefusesPendingOnes) {
  direct("s_0");
  direct("s_1");
  direct_reply("s_1");
  EXPECT_EQ(purge_answer(accounts, registry, {{"msg_ids", {"s_1", "s_0"}}}).content["evalue"],
            "msg pending: 's_0'");
  EXPECT_NE(store->find("s_1"), nullptr);
  EXPECT_EQ(purge_answer(accounts, registry, {{"msg_ids", "all"}}).content["status"], "ok");
  EXPECT_EQ(store->find("s_1"), nullptr);
  EXPECT_NE(store->find("s_0"), nullptr);
}

TEST_P(BooksTest, QueriesFindRecords) {
  for (int i = 0; i < 4; ++i) direct("s_" + std::to_string(i), i);
  direct_reply("s_2");
  task("t_0");
  const auto count = [&](const Json& query) {
    const auto answer = db_answer(accounts, {{"query", query}, {"keys", {"msg_id"}}});
    return answer.content.contains("records") ? answer.content["records"].size() : 999;
  };
  const char* second = "2026-11-20T10:00:12.000001Z";
  EXPECT_EQ(count(Json::object()), 5u);
  EXPECT_EQ(count({{"msg_id", {{"$ne", ""}}}}), 5u);
  EXPECT_EQ(count({{"msg_id", {{"$in", {"s_0", "s_9"}}}}}), 1u);
  EXPECT_EQ(count({{"submitted", {{"$lt", second}}}, {"queue", "mux"}}), 2u);
  EXPECT_EQ(count({{"submitted", {{"$gte", second}}}, {"queue", "mux"}}), 2u);
  EXPECT_EQ(count({{"submitted", "2026-11-20T11:00:12.000001+01:00"}}), 1u);
  EXPECT_EQ(count({{"completed", nullptr}}), 4u);
  EXPECT_EQ(count({{"msg_id", {{"$glob", "t_*"}}}}), 1u);
  EXPECT_EQ(count({{"label", {{"$exists", true}}}}), 1u);
  EXPECT_EQ(db_answer(accounts, {{"query", {{"a", {{"$bogus", 1}}}}}}).content["evalue"],
            "'$bogus'");
  EXPECT_EQ(db_answer(accounts, {{"query", Json::object()}, {"keys", {"nokey"}}}).content["evalue"],
            "'nokey'");
}

TEST_P(BooksTest, BuffersComeWhenAskedForAndStay) {
  direct("s_0");
  direct_reply("s_0");
  for (int i = 0; i < 2; ++i) {
    const auto answer =
        db_answer(accounts, {{"query", Json::object()}, {"keys", {"buffers", "result_buffers"}}});
    ASSERT_EQ(answer.buffers.size(), 2u);
    EXPECT_EQ(answer.buffers[1].view(), "out s_0");
    EXPECT_EQ(answer.content["buffer_lens"], (Json{1}));
    EXPECT_FALSE(answer.content["records"][0].contains("buffers"));
  }
}

TEST_P(BooksTest, OutputIsGatheredEvenBeforeTheRequest) {
  const Texts t{header("o", "stream"),
                header("s_0", "execute_request"),
                "{}",
                R"({"name": "stdout", "text": "hello "})",
                "",
                ""};
  accounts.output(t.event());
  EXPECT_EQ(history_answer(accounts).content["history"], Json::array());
  direct("s_0");
  accounts.output(t.event());
  EXPECT_EQ(store->find("s_0")->out, "hello hello ");
  EXPECT_EQ(history_answer(accounts).content["history"], (Json{"s_0"}));
}

TEST_P(BooksTest, OutputWithoutEndIsKeptInPart) {
  const std::string text(1 << 20, 'x');
  direct("s_0");
  const Texts t{header("o", "stream"), header("s_0", "execute_request"), "{}",
                R"({"name": "stdout", "text": ")" + text + "\"}", "", ""};
  for (int i = 0; i < 18; ++i) accounts.output(t.event());
  const std::string out = store->find("s_0")->out;
  EXPECT_LT(out.size(), std::size_t{17} << 20);
  EXPECT_TRUE(out.ends_with("more than 16 MB were printed]\n"));
}

TEST_P(BooksTest, WaitsEndWithTheFirstResult) {
  Waits waits;
  direct("s_0");
  direct("s_1");
  Waits::Wait wait;
  wait.ids = {"s_0", "s_1"};
  EXPECT_FALSE(waits.add(wait, accounts, 1));
  EXPECT_TRUE(waits.ready(accounts, 1).empty());
  direct_reply("s_1", "aborted");
  const auto ready = waits.ready(accounts, 1);
  ASSERT_EQ(ready.size(), 1u);
  const Json content = Waits::content(ready[0], accounts, 1);
  EXPECT_EQ(content["done"], (Json{{"s_1", "aborted"}}));
  EXPECT_EQ(content["pending"], (Json{"s_0"}));
}

TEST_P(BooksTest, TasksOfAnEngineThatLeftWaitForAnother) {
  task("s_0");
  task("s_1");
  accounts.task_assigned("s_0", "e0");
  accounts.task_assigned("s_1", "e0");
  task_reply("s_0", "ok");
  EXPECT_EQ(accounts.without_engine(), 0u);
  registry.remove(0, "drained", 0);
  EXPECT_EQ(accounts.without_engine(), 1u);
  // As the reference has it.
  EXPECT_EQ(queue()["0"]["tasks"], 1);
  // Its last reply may be heard of later than its end.
  task_reply("s_1", "ok");
  EXPECT_EQ(accounts.without_engine(), 0u);
  EXPECT_EQ(accounts.state("s_1"), TaskState::ok);
}

TEST_P(BooksTest, WaitsForTasksWithoutEngines) {
  Waits waits;
  Waits::Wait wait;
  wait.unassigned = 1;
  EXPECT_FALSE(waits.add(wait, accounts, 0));
  EXPECT_TRUE(waits.ready(accounts, 3).empty());
  task("s_0");
  const auto ready = waits.ready(accounts, 3);
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(Waits::content(ready[0], accounts, 3), (Json{{"status", "ok"}, {"unassigned", 1}}));
  EXPECT_TRUE(waits.add(wait, accounts, 0));
}

TEST_P(BooksTest, WaitsGiveUnknownIdsAMoment) {
  Waits waits;
  Waits::Wait wait;
  wait.ids = {"x"};
  EXPECT_FALSE(waits.add(wait, accounts, 0));
  for (int look = 0; look < 4; ++look) {
    EXPECT_TRUE(waits.is_patient());
    EXPECT_TRUE(waits.ready(accounts, 0).empty());
    waits.lose_patience();
  }
  EXPECT_FALSE(waits.is_patient());
  EXPECT_EQ(waits.ready(accounts, 0).size(), 1u);
  Waits::Wait engines;
  engines.engines = 2;
  EXPECT_FALSE(waits.add(engines, accounts, 1));
  EXPECT_EQ(waits.ready(accounts, 2).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Stores, BooksTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& store) { return std::string(store.param); });

TEST(EmptyStore, SaysThatItKeepsNothing) {
  Registry registry;
  const auto store = make_empty_store();
  Accounts accounts(registry, *store, [](std::string_view) {});
  EXPECT_EQ(history_answer(accounts).content["ename"], "NoData");
}

}  // namespace
}  // namespace ipc::hub
