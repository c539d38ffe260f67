// SPDX-License-Identifier: BSD-3-Clause
// Who has what to do: the hub's books, kept from the traffic it hears of.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "libipc/hub/registry.hpp"
#include "libipc/hub/store.hpp"
#include "libipc/net/events.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/id_table.hpp"

namespace ipc::hub {

/// How a task stands.
enum class TaskState : std::uint32_t { unknown = 0, pending, ok, error, aborted };

/// "ok", "error" or "aborted".
const char* state_name(TaskState state);

/// Message ids in the order they came; each once.
class IdList {
 public:
  void add(std::string_view id);
  void remove(std::string_view id);
  std::size_t size() const { return where_.size(); }
  bool empty() const { return where_.empty(); }
  std::vector<std::string> list() const;

 private:
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, std::uint64_t, Text, std::equal_to<>> where_;
  std::uint64_t next_ = 0;
};

/// The books of one engine; kept after it has gone.
struct EngineAccount {
  IdList queue;  ///< direct requests it has
  IdList tasks;  ///< balanced ones
  std::vector<std::string> completed;
  std::size_t failed = 0;
};

/// Passive; one thread. Fed with what the relays heard; verified by the caller.
class Accounts {
 public:
  /// `finished` is told each id that ends, after the books are right.
  Accounts(const Registry& registry, Store& store,
           std::function<void(const std::string&)> finished);

  void engine_added(EngineId id) { engines_.try_emplace(id); }
  void mux_request(const net::MessageEvent& message, net::Frames& buffers);
  void mux_reply(const net::MessageEvent& message, net::Frames& buffers);
  void task_request(const net::MessageEvent& message, net::Frames& buffers);
  void task_assigned(std::string_view msg_id, std::string_view engine);
  void task_reply(const net::MessageEvent& message, net::Frames& buffers);
  void output(const net::MessageEvent& message);
  /// Ends direct requests that died with their engine: those in its queue.
  void stranded(const Engine& engine);

  TaskState state(std::string_view id) const { return static_cast<TaskState>(states_.get(id)); }
  bool is_finished(std::string_view id) const { return states_.get(id) > 1; }
  const std::map<EngineId, EngineAccount>& engines() const { return engines_; }
  const IdList& unassigned() const { return unassigned_; }
  const IdList& pending() const { return pending_; }
  Store& store() { return store_; }

 private:
  const Engine* engine_of(std::string_view uuid);
  void add_request(std::string_view id, const wire::Header& header,
                   const net::MessageEvent& message, net::Frames& buffers, const char* queue);
  void add_result(std::string_view id, const net::MessageEvent& message, net::Frames& buffers);
  void end(std::string_view id, TaskState state);
  TaskState result_state(std::string_view metadata);

  const Registry& registry_;
  Store& store_;
  std::function<void(const std::string&)> finished_;
  std::map<EngineId, EngineAccount> engines_;
  std::unordered_map<std::string, EngineId> tasks_at_;  // balanced, assigned: where last
  IdList unassigned_, pending_;
  wire::IdTable states_;
  wire::FieldParser header_parser_, parser_, date_parser_;
};

}  // namespace ipc::hub
