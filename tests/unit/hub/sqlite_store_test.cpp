// SPDX-License-Identifier: BSD-3-Clause
// Records in a file: what is there after a restart, whose tables are taken over, what is dropped.
#include "libipc/hub/sqlite_store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <fstream>

#include "libipc/hub/buffer_blob.hpp"
#include "libipc/util/clock.hpp"
#include "tests/unit/hub/temp_dir.hpp"

namespace ipc::hub {
namespace {

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open(RecordLimits limits = {}) {
    auto store = open_sqlite_store(file, limits);
    EXPECT_TRUE(store) << store.error().text();
    return store ? *std::move(store) : nullptr;
  }

  static Record& begin(Store& store, const std::string& id, UnixMicros submitted) {
    Record& record = *store.open(id, true);
    record.request.assign(R"({"msg_id": ")" + id + R"(", "session": "client"})", "{}", "{}");
    record.submitted = submitted;
    record.queue = "task";
    return record;
  }
  static void finish(Store& store, Record& record) {
    record.result.assign("{}", R"({"status": "ok"})", "{}");
    record.completed = record.received = *record.submitted + 1;
    store.close(record);
  }
  static void task(Store& store, int number, UnixMicros submitted) {
    finish(store, begin(store, "s_" + std::to_string(number), submitted));
  }

  static std::vector<std::string> ids(Store& store, const Query& query = {}) {
    std::vector<std::string> list;
    store.each(query, [&](const Record& record) { list.push_back(record.msg_id); });
    return list;
  }

  TempDir directory;
  std::string file = directory.path + "/tasks.db";
  UnixMicros now = unix_now();
};

TEST_F(SqliteStoreTest, RecordsSurviveARestart) {
  {
    auto store = open();
    Record& record = begin(*store, "s_0", now);
    record.buffers.emplace_back("in");
    record.has_buffers = true;
    record.result_buffers.emplace_back(std::string(1000, 'x'));
    record.result_buffers.emplace_back("");
    record.has_result_buffers = true;
    record.engine_uuid = "e";
    record.has_engine = true;
    record.execute_input = "1 + 'x'";
    record.out = "printed\n";
    record.label = R"("L")";
    finish(*store, record);
  }
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  auto store = open();
  const Record* record = store->find("s_0");
  ASSERT_NE(record, nullptr);
  bool known = true;
  EXPECT_EQ(record->get("client_uuid", known), "client");
  EXPECT_EQ(record->get("execute_input", known), "1 + 'x'");
  EXPECT_EQ(record->get("label", known), "L");
  EXPECT_EQ(record->get("queue", known), "task");
  EXPECT_EQ(record->submitted, now);
  EXPECT_EQ(record->out, "printed\n");
  EXPECT_EQ(record->engine_uuid, "e");
  ASSERT_EQ(record->buffers.size(), 1u);
  ASSERT_EQ(record->result_buffers.size(), 2u);
  EXPECT_EQ(record->result_buffers[0].size(), 1000u);
  EXPECT_EQ(store->find("s_1"), nullptr);
}

TEST_F(SqliteStoreTest, OpenAndWrittenOnesComeInOneOrder) {
  auto store = open();
  begin(*store, "s_1", now + 10);
  task(*store, 0, now);
  task(*store, 2, now + 20);
  begin(*store, "s_3", now + 30);
  EXPECT_EQ(ids(*store), (std::vector<std::string>{"s_0", "s_1", "s_2", "s_3"}));
  EXPECT_EQ(store->history(), (std::vector<std::string>{"s_0", "s_1", "s_2", "s_3"}));
  store->drop({});  // not the open ones
  EXPECT_EQ(ids(*store), (std::vector<std::string>{"s_1", "s_3"}));
}

TEST_F(SqliteStoreTest, LateOutputFindsItsRecord) {
  auto store = open();
  task(*store, 0, now);
  EXPECT_EQ(ids(*store).size(), 1u);  // written by now
  store->update("s_0", [](Record& record) { record.out += "late"; });
  store->tick();
  EXPECT_EQ(store->find("s_0")->out, "late");
  EXPECT_EQ(store->find("s_0")->submitted, now);
  EXPECT_EQ(ids(*store).size(), 1u);
}

TEST_F(SqliteStoreTest, ATaskThatComesAgainIsOpenAgain) {
  auto store = open();
  task(*store, 0, now);
  EXPECT_EQ(ids(*store).size(), 1u);
  Record& again = *store->open("s_0", false);
  EXPECT_EQ(again.submitted, now);
  again.completed.reset();
  EXPECT_TRUE(ids(*store, {{"completed", "$ne", nullptr}}).empty());
  EXPECT_EQ(ids(*store).size(), 1u);
}

TEST_F(SqliteStoreTest, ConditionsWithoutSqlAreChecked) {
  auto store = open();
  for (int i = 0; i < 20; ++i) task(*store, i, now + i);
  EXPECT_EQ(ids(*store, {{"msg_id", "$glob", "s_1?"}}).size(), 10u);
  EXPECT_EQ(ids(*store, {{"submitted", "$lt", iso8601(now + 5)}}).size(), 5u);
  EXPECT_EQ(ids(*store, {{"submitted", "$gte", iso8601(now + 5)}, {"msg_id", "$ne", "s_7"}}).size(),
            14u);
  store->drop({{"msg_id", "$glob", "s_1?"}});
  EXPECT_EQ(ids(*store).size(), 10u);
  store->drop({{"msg_id", "$in", {"s_0", "s_1", "nobody"}}});
  EXPECT_EQ(ids(*store).size(), 8u);
}

TEST_F(SqliteStoreTest, LimitsDropTheOldest) {
  {
    auto store = open({.records = 100});
    for (int i = 0; i < 250; ++i) task(*store, i, now + i);
    const auto kept = ids(*store);
    EXPECT_LE(kept.size(), 100u);
    EXPECT_EQ(kept.back(), "s_249");
  }
  {
    auto store = open({.age = std::chrono::seconds(60)});
    task(*store, 300, now - 7200 * 1000000LL);
    task(*store, 301, unix_now());
    store->tick();
    EXPECT_EQ(store->find("s_301")->msg_id, "s_301");
  }
  auto store = open({.bytes = 200000});
  for (int i = 0; i < 2000; ++i) {
    Record& record = begin(*store, "b_" + std::to_string(i), now + i);
    record.out.assign(1000, 'o');
    finish(*store, record);
  }
  const auto kept = ids(*store);
  EXPECT_LT(kept.size(), 250u);
  EXPECT_GT(kept.size(), 50u);
  EXPECT_EQ(kept.back(), "b_1999");
}

TEST_F(SqliteStoreTest, OldOnesGoByAge) {
  auto store = open({.age = std::chrono::seconds(60)});
  for (int i = 0; i < 3; ++i) task(*store, i, now - 7200 * 1000000LL);
  for (int i = 3; i < 5; ++i) task(*store, i, now);
  EXPECT_EQ(ids(*store), (std::vector<std::string>{"s_3", "s_4"}));
}

TEST_F(SqliteStoreTest, TheTableOfTheReferenceIsTakenOver) {
  const char* columns =
      "msg_id text PRIMARY KEY, header dict text, metadata dict text, content dict text, buffers "
      "bufs blob, submitted timestamp, client_uuid text, engine_uuid text, started timestamp, "
      "completed timestamp, resubmitted text, received timestamp, result_header dict text, "
      "result_metadata dict text, result_content dict text, result_buffers bufs blob, queue text, "
      "execute_input text, execute_result text, error text, stdout text, stderr text";
  {
    SQLite::Database db(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(std::string("CREATE TABLE \"ipython-tasks\" (") + columns + ")");
    // pickle.dumps([b'ab', b''], 4) of Python
    db.exec(
        "INSERT INTO \"ipython-tasks\" (msg_id, header, submitted, stdout, stderr, buffers) VALUES"
        " ('old', '{\"session\": \"c\"}', '2026-01-02T03:04:05.000006+00:00', 'o', '',"
        " x'8004950d000000000000005d94284302616294430094652e')");
  }
  auto store = open();
  task(*store, 0, now);
  EXPECT_EQ(ids(*store), (std::vector<std::string>{"old", "s_0"}));
  const Record* old = store->find("old");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->out, "o");
  ASSERT_EQ(old->buffers.size(), 2u);
  EXPECT_EQ(old->buffers[0].view(), "ab");
}

TEST_F(SqliteStoreTest, TablesOfOthersAreLeftAlone) {
  {
    SQLite::Database db(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE \"ipython-tasks\" (a text, b text)");
  }
  {
    auto store = open();
    task(*store, 0, now);
  }
  SQLite::Database db(file);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM \"ipython-tasks\"").getInt(), 0);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM \"ipython-tasks_1\"").getInt(), 1);
}

TEST_F(SqliteStoreTest, WhatCannotBeReadIsRefused) {
  {
    SQLite::Database db(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("PRAGMA user_version = 99");
  }
  const auto newer = open_sqlite_store(file, {});
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().what.find("newer version"), std::string::npos);
  std::ofstream(directory.path + "/no.db") << std::string(5000, 'n');
  EXPECT_FALSE(open_sqlite_store(directory.path + "/no.db", {}));
  EXPECT_FALSE(open_sqlite_store(directory.path + "/no/where.db", {}));
}

TEST(BufferBlob, UnderstandsListsOfBytesOnly) {
  net::Frames frames;
  for (const auto& bytes : {std::string(), std::string(255, 'a'), std::string(70000, 'b')})
    frames.emplace_back(bytes);
  const auto read = unpickle_buffers(pickle_buffers(frames));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ((*read)[i].view(), frames[i].view());
  EXPECT_TRUE(unpickle_buffers(pickle_buffers({}))->empty());
  const std::string whole = pickle_buffers(frames);
  for (const size_t n : {0u, 3u, 10u, 300u, 70000u})
    EXPECT_FALSE(unpickle_buffers(whole.substr(0, n))) << n;
  EXPECT_FALSE(unpickle_buffers("cos\nsystem\n(S'true'\ntR."));
}

}  // namespace
}  // namespace ipc::hub
