// SPDX-License-Identifier: BSD-3-Clause
// Where task records are kept.
#include "libipc/hub/store.hpp"

#include <algorithm>
#include <map>

namespace ipc::hub {
namespace {

class MemoryStore : public Store {
 public:
  MemoryStore(std::size_t records, std::size_t bytes) : limit_(records), byte_limit_(bytes) {}

  void update(std::string_view msg_id, const std::function<void(Record&)>& change) override {
    auto found = records_.find(msg_id);
    if (found == records_.end()) {
      found = records_.try_emplace(std::string(msg_id)).first;
      found->second.record.msg_id = found->first;
      found->second.record.order = next_++;
    }
    Entry& entry = found->second;
    change(entry.record);
    // Output of a task may come before its request: such a record looked finished.
    forget(entry);
    if (!is_finished(entry.record)) return;
    entry.weight = entry.record.weight();
    bytes_ += entry.weight;
    entry.age = Age{entry.record.submitted.value_or(0), entry.record.order};
    finished_.emplace(*entry.age, &entry.record);
    cull();
  }

  const Record* find(std::string_view msg_id) override {
    const auto found = records_.find(msg_id);
    return found == records_.end() ? nullptr : &found->second.record;
  }

  void each(const std::function<void(const Record&)>& visit) override {
    std::vector<const Record*> all;
    for (const auto& [id, entry] : records_) all.push_back(&entry.record);
    std::sort(all.begin(), all.end(),
              [](const Record* a, const Record* b) { return a->order < b->order; });
    for (const Record* record : all) visit(*record);
  }

  void drop(const std::function<bool(const Record&)>& condition) override {
    for (auto it = records_.begin(); it != records_.end();) {
      const auto here = it++;
      if (condition(here->second.record)) erase(here);
    }
  }

 private:
  using Age = std::pair<UnixMicros, std::uint64_t>;
  struct Entry {
    Record record;
    std::optional<Age> age;  // if it is in finished_
    std::size_t weight = 0;
  };
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  using Records = std::unordered_map<std::string, Entry, Text, std::equal_to<>>;

  // Output may come of tasks that have no request here (broadcasts): such a record is never
  // completed and must not stay for ever.
  static bool is_finished(const Record& record) { return record.completed || !record.submitted; }

  void forget(Entry& entry) {
    if (!entry.age) return;
    finished_.erase(*entry.age);
    bytes_ -= entry.weight;
    entry.age.reset();
  }

  void erase(Records::iterator at) {
    forget(at->second);
    records_.erase(at);
  }

  void drop_oldest() { erase(records_.find(finished_.begin()->second->msg_id)); }

  void cull() {
    if (finished_.size() > limit_)
      for (std::size_t n = std::max<std::size_t>(1, limit_ / 10); n > 0; --n) drop_oldest();
    if (bytes_ > byte_limit_)
      while (finished_.size() > 1 && bytes_ > byte_limit_ / 10 * 9) drop_oldest();
  }

  std::size_t limit_, byte_limit_, bytes_ = 0;
  std::uint64_t next_ = 0;
  Records records_;
  std::map<Age, const Record*> finished_;  // oldest first
};

class EmptyStore : public Store {
 public:
  bool keeps() const override { return false; }
  void update(std::string_view, const std::function<void(Record&)>&) override {}
  const Record* find(std::string_view) override { return nullptr; }
  void each(const std::function<void(const Record&)>&) override {}
  void drop(const std::function<bool(const Record&)>&) override {}
};

}  // namespace

std::unique_ptr<Store> make_memory_store(std::size_t records, std::size_t bytes) {
  return std::make_unique<MemoryStore>(records, bytes);
}

std::unique_ptr<Store> make_empty_store() {
  return std::make_unique<EmptyStore>();
}

}  // namespace ipc::hub
