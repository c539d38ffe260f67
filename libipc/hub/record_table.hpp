// SPDX-License-Identifier: BSD-3-Clause
// Records in memory: open ones and those finished last.
#pragma once

#include <list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/hub/query.hpp"
#include "libipc/hub/record.hpp"

namespace ipc::hub {

/// Passive; one thread. A record stays where it is from make() to take or erase.
class RecordTable {
 public:
  struct Entry;
  using Entries = std::list<Entry>;
  struct Entry : Record {
    Entries::iterator self;
    std::size_t weight = 0;  ///< as counted in bytes()
    bool is_open = false;
    bool is_part = false;  ///< what is to be added to a record that is elsewhere
  };

  Entry* find(std::string_view msg_id);
  /// A new one, finished for now: output may come of tasks that have no request here (broadcasts),
  /// and such a record must not stay for ever.
  Entry& make(std::string_view msg_id);
  /// One from elsewhere, finished; there must be none of its id.
  Entry& add(Record&& record);
  void open(Entry& entry);
  void close(Entry& entry);
  /// A finished one was changed: weighs it anew.
  void weigh(Entry& entry);
  void erase(Entry& entry);
  /// Takes out all finished ones, in the order they ended.
  Entries take_finished();
  /// Gives back what was taken and is not wanted any more, cleared: to be used again.
  void reuse(Entries&& entries) { spare_.splice(spare_.end(), entries); }
  std::size_t spare() const { return spare_.size(); }

  /// In the order they ended.
  Entries& finished() { return finished_; }
  std::size_t bytes() const { return bytes_; }  ///< of the finished ones
  /// Those that match, by time of submission.
  std::vector<const Record*> select(const Query& query) const;

 private:
  Entry& begin();
  Entry& index(Entry& entry);

  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;
  Entries open_, finished_, spare_;  // a record goes from one to the other and stays in place
  std::unordered_map<std::string_view, Entry*> by_id_;
};

}  // namespace ipc::hub
