// SPDX-License-Identifier: BSD-3-Clause
// --reduce: the engines make one result of many.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/ipmap/partials.hpp"
#include "cmd/ipmap/settings.hpp"
#include "libipc/client/connection.hpp"

namespace ipmap {

/// Collects what requests of a map give instead of results, and has the engines put it together
/// while the map goes on. Its requests are tasks of the connection.
class Reducer {
 public:
  /// `on_error` ends the map. All outlive this, and the connection's wait.
  Reducer(ipc::client::Connection& connection, const Settings& settings,
          std::vector<std::string> targets, std::function<void(ipc::Error)> on_error)
      : connection_(connection),
        settings_(settings),
        targets_(std::move(targets)),
        on_error_(std::move(on_error)) {}

  /// The answer to items from `first` on. Code::bad_input for one that is none.
  ipc::Status add(std::uint64_t first, size_t count, const ipc::client::Reply& reply,
                  const ipc::wire::Json& content);
  /// This item failed for good.
  void add_failed(std::uint64_t item) { partials_.add(item, 1, ""); }
  /// The text to print when all is done and nothing is in flight: waits for it. Nothing was there
  /// to be reduced: empty.
  ipc::Result<std::string> finish(std::uint64_t items, std::uint64_t failed,
                                  ipc::TimePoint deadline);

 private:
  ipc::client::Request request_of(const PartialRow& row, bool is_last) const;
  void put_together();
  void send(PartialRow row, unsigned tries);
  ipc::Error error_of(const ipc::client::Reply& reply) const;
  std::string text_of(const ipc::client::Reply& reply, std::uint64_t items,
                      std::uint64_t failed) const;

  ipc::client::Connection& connection_;
  const Settings& settings_;
  std::vector<std::string> targets_;
  std::function<void(ipc::Error)> on_error_;
  Partials partials_;
};

}  // namespace ipmap
