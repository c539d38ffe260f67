// SPDX-License-Identifier: BSD-3-Clause
// Task records in an SQLite file.
#include "libipc/hub/sqlite_store.hpp"

#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "libipc/hub/record_table.hpp"
#include "libipc/hub/sqlite_rows.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"

namespace ipc::hub {
namespace {

constexpr int kVersion = 1;                 // of the schema: PRAGMA user_version
constexpr int kBusyMillis = 5000;           // another process reads or writes the file
constexpr std::size_t kBatch = 1000;        // records that make a batch at once
constexpr std::size_t kSpare = 2 * kBatch;  // records whose memory is used again
constexpr std::size_t kBacklog = 64;        // batches that may wait for a slow disk
constexpr auto kSyncLimit = seconds(30);
constexpr auto kAgeCheck = std::chrono::minutes(1);

std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

// File systems between machines, which do not share memory.
bool is_on_network(const std::string& file) {
  constexpr std::array<std::uint32_t, 5> kNetwork{
      NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, CIFS_SUPER_MAGIC, FUSE_SUPER_MAGIC};
  const std::size_t slash = file.rfind('/');
  struct statfs facts {};
  if (::statfs(slash == std::string::npos ? "." : file.substr(0, slash + 1).c_str(), &facts) != 0)
    return false;
  const auto type = static_cast<std::uint32_t>(facts.f_type);
  return std::any_of(kNetwork.begin(), kNetwork.end(),
                     [type](std::uint32_t magic) { return magic == type; });
}

// The database: everything that knows SQL. Throws SQLite::Exception; one thread at a time.
class Database {
 public:
  Database(const std::string& file, RecordLimits limits)
      : limits_(limits),
        db_(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
            kBusyMillis) {
    // WAL needs memory that processes share; without it, nobody else can read meanwhile.
    if (is_on_network(file)) db_.exec("PRAGMA locking_mode = EXCLUSIVE");
    // Records are a kilobyte and more: fewer pages are fewer writes. For a new file.
    db_.exec("PRAGMA page_size = 32768");
    db_.exec("PRAGMA journal_mode = WAL");
    // A crash of the machine may cost the last batches, never the file.
    db_.exec("PRAGMA synchronous = NORMAL");
  }

  int version() { return db_.execAndGet("PRAGMA user_version").getInt(); }

  void prepare() {
    find_table();
    db_.exec("PRAGMA user_version = " + std::to_string(kVersion));
    std::string marks = "?";
    for (std::size_t i = 1; i < record_columns().size(); ++i) marks += ", ?";
    update_ = prepared(part_update(table_));
    first_ = std::to_string(
        db_.execAndGet("SELECT coalesce(max(rowid), 0) FROM " + table_).getInt64() + 1);
    insert_ = prepared("INSERT OR REPLACE INTO " + table_ + " (" + column_list() + ") VALUES (" +
                       marks + ")");
    select_ = "SELECT " + column_list() + " FROM " + table_;
    find_.emplace(db_, select_ + " WHERE msg_id = ?");
    at_.emplace(db_, select_ + " WHERE rowid = ?");
    count_ = count();
  }

  void write(const RecordTable::Entries& batch) {
    SQLite::Transaction transaction(db_);
    for (const RecordTable::Entry& record : batch) {
      if (!record.is_part || !add_part(record)) {
        binder_.bind(insert_.get(), record);
        step(insert_.get());
      }
      binder_.forget_large();
      // Or less, if it was there: counted anew before any is dropped.
      if (record.completed || (!record.submitted && !record.is_part)) ++count_;
    }
    transaction.commit();
    prune();
  }

  std::optional<Record> find(std::string_view msg_id) {
    find_->reset();
    find_->bind(1, std::string(msg_id));
    return find_->executeStep() ? std::optional(read_record(*find_)) : std::nullopt;
  }

  // Rows in the order of submission. Sorted by their numbers first: rows are large.
  std::vector<std::int64_t> select(const Where& condition) {
    SQLite::Statement ids(
        db_, "SELECT rowid FROM " + table_ + condition.sql + " ORDER BY submitted, rowid");
    bind(ids, condition);
    std::vector<std::int64_t> rows;
    while (ids.executeStep()) rows.push_back(ids.getColumn(0).getInt64());
    return rows;
  }

  std::optional<Record> row(std::int64_t number) {
    at_->reset();
    at_->bind(1, number);
    return at_->executeStep() ? std::optional(read_record(*at_)) : std::nullopt;
  }

  void drop(const Query& query) {
    Where condition = where(query);
    condition.sql += (condition.sql.empty() ? " WHERE " : " AND ") + is_over();
    SQLite::Transaction transaction(db_);
    if (condition.exact) {
      SQLite::Statement drop(db_, "DELETE FROM " + table_ + condition.sql);
      bind(drop, condition);
      drop.exec();
    } else {
      SQLite::Statement drop(db_, "DELETE FROM " + table_ + " WHERE rowid = ?");
      for (const auto number : select(condition)) {
        if (!matches(*row(number), query)) continue;
        at_->reset();
        drop.reset();
        drop.bind(1, number);
        drop.exec();
      }
    }
    transaction.commit();
    count_ = count();
  }

  // Ids with their times, as they are in the columns.
  std::vector<std::pair<std::string, std::string>> history() {
    SQLite::Statement rows(db_, "SELECT submitted, msg_id FROM " + table_ +
                                    " WHERE submitted IS NOT NULL ORDER BY submitted, rowid");
    std::vector<std::pair<std::string, std::string>> list;
    while (rows.executeStep())
      list.emplace_back(rows.getColumn(0).getString(), rows.getColumn(1).getString());
    return list;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

  Prepared prepared(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    const int result = sqlite3_prepare_v3(db_.getHandle(), sql.c_str(), -1,
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (result != SQLITE_OK) throw SQLite::Exception(db_.getHandle(), result);
    return Prepared(statement);
  }

  void step(sqlite3_stmt* statement) {
    const int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (result != SQLITE_DONE) throw SQLite::Exception(db_.getHandle(), result);
  }

  // False: its record is not there any more.
  bool add_part(const Record& part) {
    binder_.bind_part(update_.get(), part);
    step(update_.get());
    return sqlite3_changes(db_.getHandle()) > 0;
  }

  // Of rows that may be dropped: not those put away, which an earlier controller's never are.
  std::string is_over() const {
    return "(completed IS NOT NULL OR submitted IS NULL OR rowid < " + first_ + ")";
  }

  static void bind(SQLite::Statement& statement, const Where& condition) {
    int n = 0;
    for (const auto& value : condition.values) statement.bind(++n, value);
  }

  std::size_t count() {
    return static_cast<std::size_t>(
        db_.execAndGet("SELECT count(*) FROM " + table_ + " WHERE " + is_over()).getInt64());
  }

  std::size_t bytes() {
    const auto pragma = [this](const char* name) {
      return static_cast<std::size_t>(db_.execAndGet(std::string("PRAGMA ") + name).getInt64());
    };
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  // The first table that has our columns, or a new one: others may have put theirs there.
  void find_table() {
    const auto& wanted = record_columns();
    for (int n = 0;; ++n) {
      const std::string name = "ipython-tasks" + (n == 0 ? "" : "_" + std::to_string(n));
      table_ = quoted(name);
      std::vector<std::string> columns;
      SQLite::Statement info(db_, "PRAGMA table_info(" + table_ + ")");
      while (info.executeStep()) columns.push_back(info.getColumn(1).getString());
      if (columns.empty()) return create();
      const bool same = std::equal(
          columns.begin(), columns.end(), wanted.begin(),
          wanted.begin() + static_cast<std::ptrdiff_t>(std::min(columns.size(), wanted.size())),
          [](const std::string& a, const Column& b) { return a == b.name; });
      if (same && columns.size() == wanted.size()) return;
      if (same && columns.size() + 1 == wanted.size())  // made by ipyparallel 7.1: without label
        return void(db_.exec("ALTER TABLE " + table_ + " ADD COLUMN " +
                             quoted(std::string(wanted.back().name)) + " text"));
    }
  }

  void create() {
    std::string columns;
    for (const Column& column : record_columns()) {
      if (!columns.empty()) columns += ", ";
      columns += quoted(std::string(column.name)) + ' ' + std::string(column.type);
    }
    db_.exec("CREATE TABLE " + table_ + " (" + columns + ")");
  }

  void prune() {
    if (limits_.records > 0 && count_ > limits_.records) {
      count_ = count();
      if (count_ > limits_.records) drop_oldest(count_ - limits_.records + limits_.records / 10);
    }
    for (std::size_t before = 0;
         limits_.bytes > 0 && bytes() > limits_.bytes && count_ > 1 && count_ != before;) {
      before = count_ = count();
      drop_oldest(std::max<std::size_t>(1, count_ / 10));
    }
    const TimePoint now = Clock::now();
    if (limits_.age.count() == 0 || now < next_age_check_) return;
    next_age_check_ = now + kAgeCheck;
    drop_older(column_time(unix_now() - std::chrono::microseconds(limits_.age).count()));
  }

  void drop_oldest(std::size_t n) {
    SQLite::Statement drop(db_, "DELETE FROM " + table_ + " WHERE rowid IN (SELECT rowid FROM " +
                                    table_ + " WHERE " + is_over() + " ORDER BY rowid LIMIT ?)");
    drop.bind(1, static_cast<std::int64_t>(n));
    drop.exec();
    count_ = count();
  }

  // Rows are in the order of their ends: those before the first young one are old.
  void drop_older(const std::string& time) {
    SQLite::Statement first(
        db_, "SELECT rowid FROM " + table_ + " WHERE received >= ? ORDER BY rowid LIMIT 1");
    first.bind(1, time);
    const bool any = first.executeStep();
    SQLite::Statement drop(db_, "DELETE FROM " + table_ + " WHERE " + is_over() +
                                    (any ? " AND rowid < ?" : ""));
    if (any) drop.bind(1, first.getColumn(0).getInt64());
    first.reset();
    drop.exec();
    count_ = count();
  }

  RecordLimits limits_;
  SQLite::Database db_;
  std::string table_, select_;
  std::string first_;  // row of this run
  Prepared insert_, update_;
  std::optional<SQLite::Statement> find_, at_;
  std::size_t count_ = 0;  // rows that may be dropped
  TimePoint next_age_check_{};
  RecordBinder binder_;
};

// Batches on their way to the database, in a thread of their own.
class Writer {
 public:
  explicit Writer(Database& database) : database_(database), thread_([this] { run(); }) {}
  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_.notify_one();
    thread_.join();
  }

  void add(RecordTable::Entries&& batch) {
    std::unique_lock lock(mutex_);
    // A disk that cannot follow slows the hub down rather than filling the memory.
    idle_.wait_for(lock, kSyncLimit, [this] { return batches_.size() < kBacklog; });
    batches_.push_back(std::move(batch));
    work_.notify_one();
  }

  // What is written and cleared, to be used again.
  RecordTable::Entries take_spare() {
    const std::lock_guard lock(mutex_);
    return std::exchange(spare_, {});
  }

  // The database may be used by the caller from here to its next add(). False: the disk hangs.
  bool sync() {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, kSyncLimit, [this] { return batches_.empty(); });
  }

 private:
  void run() {
    name_thread("records");
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return stop_ || !batches_.empty(); };
    for (;;) {
      work_.wait(lock, has_work);
      if (batches_.empty()) return;  // and what was there at the end is written
      auto& batch = batches_.front();
      lock.unlock();
      write(batch);
      for (auto& entry : batch) entry.clear();
      lock.lock();
      if (spare_.size() < kSpare) spare_.splice(spare_.end(), batch);
      batches_.pop_front();
      idle_.notify_all();
    }
  }

  void write(const RecordTable::Entries& batch) {
    try {
      database_.write(batch);
    } catch (const SQLite::Exception& problem) {
      log::error(std::to_string(batch.size()) + " task records not written: " + problem.what());
    }
  }

  Database& database_;
  std::mutex mutex_;
  std::condition_variable work_, idle_;
  std::deque<RecordTable::Entries> batches_;  // the first is being written
  RecordTable::Entries spare_;
  bool stop_ = false;
  std::thread thread_;
};

class SqliteStore : public Store {
 public:
  SqliteStore(const std::string& file, RecordLimits limits) : database_(file, limits) {}

  int version() { return database_.version(); }
  void start() {
    database_.prepare();
    writer_.emplace(database_);
  }

  ~SqliteStore() override { tick(); }

  Record* open(std::string_view msg_id, bool is_new) override {
    auto& entry = is_new && table_.find(msg_id) == nullptr ? table_.make(msg_id) : get(msg_id);
    table_.open(entry);
    return &entry;
  }

  void close(Record& record) override {
    table_.close(static_cast<RecordTable::Entry&>(record));
    if (table_.finished().size() >= kBatch) tick();
  }

  bool put_away(Record& record) override {
    close(record);
    return true;
  }

  void amend(std::string_view msg_id, const std::function<void(Record&)>& change) override {
    auto* entry = table_.find(msg_id);
    if (entry == nullptr) {
      entry = &table_.make(msg_id);
      entry->is_part = true;
    }
    change(*entry);
    if (table_.finished().size() >= kBatch) tick();
  }

  void update(std::string_view msg_id, const std::function<void(Record&)>& change) override {
    change(get(msg_id));
  }

  const Record* find(std::string_view msg_id) override {
    if (const Record* known = whole(msg_id)) return known;
    found_ = written(msg_id);
    return found_ ? &*found_ : nullptr;
  }

  void each(const Query& query, const std::function<void(const Record&)>& visit) override {
    sync();
    const auto open = table_.select(query);
    auto next = open.begin();
    const Where condition = where(query);
    for (const auto number : database_.select(condition)) {
      const auto record = database_.row(number);
      if (!record || table_.find(record->msg_id) != nullptr) continue;
      if (!condition.exact && !matches(*record, query)) continue;
      for (; next != open.end() && (*next)->submitted < record->submitted; ++next) visit(**next);
      visit(*record);
    }
    for (; next != open.end(); ++next) visit(**next);
  }

  std::vector<std::string> history() override {
    sync();
    auto list = database_.history();
    const auto written = static_cast<std::ptrdiff_t>(list.size());
    for (const Record* record : table_.select({{"submitted", "$ne", nullptr}}))
      list.emplace_back(column_time(record->submitted), record->msg_id);
    const auto earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::inplace_merge(list.begin(), list.begin() + written, list.end(), earlier);
    std::vector<std::string> ids;
    ids.reserve(list.size());
    for (auto& [time, id] : list) ids.push_back(std::move(id));
    return ids;
  }

  void drop(const Query& query) override {
    sync();
    database_.drop(query);
  }

  void tick() override {
    if (!writer_ || table_.finished().empty()) return;
    writer_->add(table_.take_finished());
    if (table_.spare() < kBatch) table_.reuse(writer_->take_spare());
  }

 private:
  // In memory. A part is in the file as soon as that is asked.
  RecordTable::Entry* whole(std::string_view msg_id) {
    auto* known = table_.find(msg_id);
    return known != nullptr && !known->is_part ? known : nullptr;
  }

  // From memory, from the file, or a new one.
  RecordTable::Entry& get(std::string_view msg_id) {
    if (auto* known = whole(msg_id)) return *known;
    if (auto record = written(msg_id)) return table_.add(*std::move(record));
    return table_.make(msg_id);
  }

  std::optional<Record> written(std::string_view msg_id) {
    try {
      sync();
      return database_.find(msg_id);
    } catch (const SQLite::Exception& problem) {
      log::error("task record of " + std::string(msg_id) + " not read: " + problem.what());
      return {};
    }
  }

  void sync() {
    tick();
    if (!writer_->sync()) throw SQLite::Exception("the disk does not answer");
  }

  Database database_;
  RecordTable table_;
  std::optional<Record> found_;
  std::optional<Writer> writer_;  // ends first: writes what is left
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file, RecordLimits limits) {
  const mode_t mask = ::umask(0077);
  const auto restore = [mask] { ::umask(mask); };
  // Counting what SQLite allocates would take a lock for each piece. Has no effect once it is in
  // use.
  static const int configured = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  try {
    auto store = std::make_unique<SqliteStore>(file, limits);
    if (store->version() > kVersion) {
      restore();
      return Error{Code::refused, file + " was made by a newer version of ipkit",
                   "move it away, or keep records elsewhere (--dictdb)"};
    }
    store->start();
    restore();
    return std::unique_ptr<Store>(std::move(store));
  } catch (const SQLite::Exception& problem) {
    restore();
    return Error{Code::no_input, file + ": " + problem.what(),
                 "move it away, or keep records elsewhere (--dictdb)"};
  }
}

}  // namespace ipc::hub
