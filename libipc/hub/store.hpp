// SPDX-License-Identifier: BSD-3-Clause
// Where task records are kept.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/hub/record.hpp"

namespace ipc::hub {

/// Keeps records. One thread.
class Store {
 public:
  virtual ~Store() = default;
  /// False for a store that keeps nothing: queries are answered with an error.
  virtual bool keeps() const { return true; }
  /// Changes the record of `msg_id`, making an empty one first if there is none.
  virtual void update(std::string_view msg_id, const std::function<void(Record&)>& change) = 0;
  /// Null if there is none. Valid until the next change.
  virtual const Record* find(std::string_view msg_id) = 0;
  /// Every record, in the order of insertion.
  virtual void each(const std::function<void(const Record&)>& visit) = 0;
  /// Drops the records for which `condition` holds.
  virtual void drop(const std::function<bool(const Record&)>& condition) = 0;
};

/// In memory, bounded: when there are more finished records than `records`, or more bytes in them
/// than `bytes`, the oldest tenth goes. Records of tasks that are not finished are never dropped.
std::unique_ptr<Store> make_memory_store(std::size_t records = 1024, std::size_t bytes = 1u << 30);

/// Keeps nothing.
std::unique_ptr<Store> make_empty_store();

}  // namespace ipc::hub
