// SPDX-License-Identifier: BSD-3-Clause
// Records in memory: open ones and those finished last.
#include "libipc/hub/record_table.hpp"

#include <algorithm>
#include <tuple>

namespace ipc::hub {

RecordTable::Entry* RecordTable::find(std::string_view msg_id) {
  const auto found = by_id_.find(msg_id);
  return found == by_id_.end() ? nullptr : found->second;
}

RecordTable::Entry& RecordTable::make(std::string_view msg_id) {
  Entry& entry = begin();
  entry.msg_id = msg_id;
  return index(entry);
}

RecordTable::Entry& RecordTable::add(Record&& record) {
  Entry& entry = begin();
  static_cast<Record&>(entry) = std::move(record);
  return index(entry);
}

RecordTable::Entry& RecordTable::begin() {
  if (spare_.empty()) spare_.emplace_back();
  finished_.splice(finished_.end(), spare_, spare_.begin());
  Entry& entry = finished_.back();
  entry.self = std::prev(finished_.end());
  entry.weight = 0;
  entry.is_part = false;
  return entry;
}

RecordTable::Entry& RecordTable::index(Entry& entry) {
  entry.order = next_++;
  by_id_.emplace(entry.msg_id, &entry);
  return entry;
}

void RecordTable::open(Entry& entry) {
  if (entry.is_open) return;
  open_.splice(open_.end(), finished_, entry.self);
  entry.is_open = true;
  bytes_ -= entry.weight;
}

void RecordTable::close(Entry& entry) {
  finished_.splice(finished_.end(), open_, entry.self);
  entry.is_open = false;
  bytes_ += entry.weight = entry.Record::weight();
}

void RecordTable::weigh(Entry& entry) {
  bytes_ -= entry.weight;
  bytes_ += entry.weight = entry.Record::weight();
}

void RecordTable::erase(Entry& entry) {
  bytes_ -= entry.weight;
  by_id_.erase(entry.msg_id);
  finished_.erase(entry.self);
}

RecordTable::Entries RecordTable::take_finished() {
  for (const Entry& entry : finished_) by_id_.erase(entry.msg_id);
  bytes_ = 0;
  return std::exchange(finished_, {});
}

std::vector<const Record*> RecordTable::select(const Query& query) const {
  std::vector<const Record*> found;
  for (const auto& [id, entry] : by_id_)
    if (matches(*entry, query)) found.push_back(entry);
  std::sort(found.begin(), found.end(), [](const Record* a, const Record* b) {
    return std::tie(a->submitted, a->order) < std::tie(b->submitted, b->order);
  });
  return found;
}

}  // namespace ipc::hub
