// SPDX-License-Identifier: BSD-3-Clause
// Where task records are kept.
#include "libipc/hub/store.hpp"

#include <algorithm>

#include "libipc/hub/record_table.hpp"

namespace ipc::hub {
namespace {

class MemoryStore : public Store {
 public:
  MemoryStore(std::size_t records, std::size_t bytes) : limit_(records), byte_limit_(bytes) {}

  Record* open(std::string_view msg_id, bool) override {
    auto& entry = find_or_make(msg_id);
    table_.open(entry);
    return &entry;
  }

  void close(Record& record) override {
    table_.close(static_cast<RecordTable::Entry&>(record));
    cull();
  }

  void update(std::string_view msg_id, const std::function<void(Record&)>& change) override {
    auto& entry = find_or_make(msg_id);
    change(entry);
    if (entry.is_open) return;
    table_.weigh(entry);
    cull();
  }

  const Record* find(std::string_view msg_id) override { return table_.find(msg_id); }

  void each(const Query& query, const std::function<void(const Record&)>& visit) override {
    for (const Record* record : table_.select(query)) visit(*record);
  }

  std::vector<std::string> history() override {
    std::vector<std::string> ids;
    for (const Record* record : table_.select({{"submitted", "$ne", nullptr}}))
      ids.push_back(record->msg_id);
    return ids;
  }

  void drop(const Query& query) override {
    auto& finished = table_.finished();
    for (auto it = finished.begin(); it != finished.end();) {
      const auto here = it++;
      if (matches(*here, query)) table_.erase(*here);
    }
  }

 private:
  RecordTable::Entry& find_or_make(std::string_view msg_id) {
    RecordTable::Entry* known = table_.find(msg_id);
    return known != nullptr ? *known : table_.make(msg_id);
  }

  void cull() {
    auto& finished = table_.finished();
    if (finished.size() > limit_)
      for (std::size_t n = std::max<std::size_t>(1, limit_ / 10); n > 0; --n)
        table_.erase(finished.front());
    if (table_.bytes() > byte_limit_)
      while (finished.size() > 1 && table_.bytes() > byte_limit_ / 10 * 9)
        table_.erase(finished.front());
  }

  std::size_t limit_, byte_limit_;
  RecordTable table_;
};

class EmptyStore : public Store {
 public:
  bool keeps() const override { return false; }
  Record* open(std::string_view, bool) override { return nullptr; }
  void close(Record&) override {}
  void update(std::string_view, const std::function<void(Record&)>&) override {}
  const Record* find(std::string_view) override { return nullptr; }
  void each(const Query&, const std::function<void(const Record&)>&) override {}
  std::vector<std::string> history() override { return {}; }
  void drop(const Query&) override {}
};

}  // namespace

std::unique_ptr<Store> make_memory_store(std::size_t records, std::size_t bytes) {
  return std::make_unique<MemoryStore>(records, bytes);
}

std::unique_ptr<Store> make_empty_store() {
  return std::make_unique<EmptyStore>();
}

}  // namespace ipc::hub
