// SPDX-License-Identifier: BSD-3-Clause
// Where task records are kept.
#include "libipc/hub/store.hpp"

#include <algorithm>
#include <list>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace ipc::hub {
namespace {

class MemoryStore : public Store {
 public:
  MemoryStore(std::size_t records, std::size_t bytes) : limit_(records), byte_limit_(bytes) {}

  Record* open(std::string_view msg_id) override {
    Entry& entry = find_or_make(msg_id);
    if (!entry.is_open) {
      open_.splice(open_.end(), finished_, entry.self);
      entry.is_open = true;
      bytes_ -= entry.weight;
    }
    return &entry;
  }

  void close(Record& record) override {
    auto& entry = static_cast<Entry&>(record);
    finished_.splice(finished_.end(), open_, entry.self);
    entry.is_open = false;
    bytes_ += entry.weight = entry.Record::weight();
    cull();
  }

  void update(std::string_view msg_id, const std::function<void(Record&)>& change) override {
    Entry& entry = find_or_make(msg_id);
    change(entry);
    if (entry.is_open) return;
    bytes_ -= entry.weight;
    bytes_ += entry.weight = entry.Record::weight();
    cull();
  }

  const Record* find(std::string_view msg_id) override {
    const auto found = by_id_.find(msg_id);
    return found == by_id_.end() ? nullptr : found->second;
  }

  void each(const Query& query, const std::function<void(const Record&)>& visit) override {
    std::vector<const Record*> found;
    for (const auto& [id, entry] : by_id_)
      if (matches(*entry, query)) found.push_back(entry);
    std::sort(found.begin(), found.end(),
              [](const Record* a, const Record* b) { return a->order < b->order; });
    for (const Record* record : found) visit(*record);
  }

  std::vector<std::string> history() override {
    std::vector<const Record*> submitted;
    for (const auto& [id, entry] : by_id_)
      if (entry->submitted) submitted.push_back(entry);
    std::sort(submitted.begin(), submitted.end(), [](const Record* a, const Record* b) {
      return std::tie(*a->submitted, a->order) < std::tie(*b->submitted, b->order);
    });
    std::vector<std::string> ids;
    for (const Record* record : submitted) ids.push_back(record->msg_id);
    return ids;
  }

  void drop(const Query& query) override {
    for (auto it = finished_.begin(); it != finished_.end();) {
      const auto here = it++;
      if (matches(*here, query)) erase(here);
    }
  }

 private:
  struct Entry;
  using Entries = std::list<Entry>;  // a record goes from one list to the other and stays in place
  struct Entry : Record {
    Entries::iterator self;
    std::size_t weight = 0;  // as counted in bytes_
    bool is_open = false;
  };

  // A new one is not open: output may come of tasks that have no request here (broadcasts), and
  // such a record must not stay for ever.
  Entry& find_or_make(std::string_view msg_id) {
    if (const auto found = by_id_.find(msg_id); found != by_id_.end()) return *found->second;
    finished_.emplace_back();
    Entry& entry = finished_.back();
    entry.self = std::prev(finished_.end());
    entry.msg_id = msg_id;
    entry.order = next_++;
    by_id_.emplace(entry.msg_id, &entry);
    return entry;
  }

  void erase(Entries::iterator at) {
    bytes_ -= at->weight;
    by_id_.erase(at->msg_id);
    finished_.erase(at);
  }

  void cull() {
    if (finished_.size() > limit_)
      for (std::size_t n = std::max<std::size_t>(1, limit_ / 10); n > 0; --n)
        erase(finished_.begin());
    if (bytes_ > byte_limit_)
      while (finished_.size() > 1 && bytes_ > byte_limit_ / 10 * 9) erase(finished_.begin());
  }

  std::size_t limit_, byte_limit_, bytes_ = 0;  // bytes of the finished ones
  std::uint64_t next_ = 0;
  Entries open_, finished_;  // finished: the oldest first
  std::unordered_map<std::string_view, Entry*> by_id_;
};

class EmptyStore : public Store {
 public:
  bool keeps() const override { return false; }
  Record* open(std::string_view) override { return nullptr; }
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
