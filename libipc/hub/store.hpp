// SPDX-License-Identifier: BSD-3-Clause
// Where task records are kept.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/hub/query.hpp"
#include "libipc/hub/record.hpp"

namespace ipc::hub {

/// Keeps records: open ones, of tasks that are not finished, and the others. One thread. What asks
/// for many (each, history, drop) throws std::runtime_error if records cannot be read.
class Store {
 public:
  virtual ~Store() = default;
  /// False for a store that keeps nothing: queries are answered with an error.
  virtual bool keeps() const { return true; }
  /// The record of `msg_id`, a new one if there is none; open from now on: it stays where it is and
  /// is never dropped. Null if nothing is kept.
  /// `is_new`: the caller has not heard of the id before, so there is no need to look far.
  virtual Record* open(std::string_view msg_id, bool is_new) = 0;
  /// Takes back what open() gave: the task is finished.
  virtual void close(Record& record) = 0;
  /// The same for a task that waits and will for a while: its record need not be in memory. False:
  /// it stays open.
  virtual bool put_away(Record&) { return false; }
  /// Adds to a record that was put away: `change` gets one that may have nothing but the id, and
  /// what it sets there of engine and result is kept.
  virtual void amend(std::string_view, const std::function<void(Record&)>&) {}
  /// Changes a record, open or not, for what comes outside of a task's course: its output, which
  /// may even come first. Makes one if there is none.
  virtual void update(std::string_view msg_id, const std::function<void(Record&)>& change) = 0;
  /// Null if there is none. Valid until the next change.
  virtual const Record* find(std::string_view msg_id) = 0;
  /// Those that match, in the order of submission.
  virtual void each(const Query& query, const std::function<void(const Record&)>& visit) = 0;
  /// Ids of tasks that were submitted, in the order of submission.
  virtual std::vector<std::string> history() = 0;
  /// Drops those that match, but for open ones and those put away.
  virtual void drop(const Query& query) = 0;
  /// To be called a few times a second.
  virtual void tick() {}
};

/// In memory, bounded: when there are more finished records than `records`, or more bytes in them
/// than `bytes`, the tenth that finished first goes.
std::unique_ptr<Store> make_memory_store(std::size_t records = 1024, std::size_t bytes = 1u << 30);

/// Keeps nothing.
std::unique_ptr<Store> make_empty_store();

}  // namespace ipc::hub
