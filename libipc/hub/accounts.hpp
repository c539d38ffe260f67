// SPDX-License-Identifier: BSD-3-Clause
// Who has what to do: the hub's books, kept from the traffic it hears of.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/hub/late_output.hpp"
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

/// The books of one engine; kept after it has gone.
struct EngineAccount {
  std::size_t queue = 0;  ///< direct requests it has
  std::size_t tasks = 0;  ///< balanced ones
  std::size_t completed = 0, failed = 0;
  std::deque<std::string> recent;  ///< ids of the last kRecent completed
  std::uint64_t changed = 0;       ///< Accounts::version() at its last change
  static constexpr std::size_t kRecent = 1000;
};

/// Buffers of a request that its record keeps, bytes: so that it can be run again. Whoever moves
/// more does not want each array on the disk, twice, while the next one is on its way.
constexpr std::size_t kKeptInput = 16u << 20;
/// The same of a result. Queries wait while it is written, and it takes the place of thousands of
/// other records.
constexpr std::size_t kKeptResult = 64u << 20;

/// Where a task is that has no result yet.
enum class Place : std::uint8_t { unassigned, direct, balanced };

/// Ids of open tasks, in the order they came.
struct OpenIds {
  std::vector<std::string> unassigned;
  std::map<EngineId, std::vector<std::string>> direct, balanced;
};

/// Passive; one thread. Fed with what the relays heard; verified by the caller.
class Accounts {
 public:
  /// `finished` is told each id that ends, after the books are right.
  Accounts(const Registry& registry, Store& store, std::function<void(std::string_view)> finished);

  void engine_added(EngineId id) { engines_[id].changed = ++version_; }
  void mux_request(const net::MessageEvent& message, net::Frames& buffers);
  void mux_reply(const net::MessageEvent& message, net::Frames& buffers);
  void task_request(const net::MessageEvent& message, net::Frames& buffers);
  void task_assigned(std::string_view msg_id, std::string_view engine);
  /// `is_old`: it came before this controller began, and so did the output.
  void task_reply(const net::MessageEvent& message, net::Frames& buffers, bool is_old = false);
  /// A task of an earlier controller ended so: "ok" or "error"; "": that follows, as its request
  /// and its reply.
  void task_known(std::string_view msg_id, std::string_view status);
  void output(const net::MessageEvent& message);
  /// An engine that does not number its messages is busy or idle.
  void status(const net::MessageEvent& message);
  /// Ends direct requests that died with their engine: those in its queue.
  void stranded(const Engine& engine);

  TaskState state(std::string_view id) const;
  /// The output of those that have ended and are not whole yet.
  LateOutput& late_output() { return late_; }
  const LateOutput& late_output() const { return late_; }
  const std::map<EngineId, EngineAccount>& engines() const { return engines_; }
  /// Grows with each change of an engine's books.
  std::uint64_t version() const { return version_; }
  std::size_t unassigned() const { return unassigned_; }
  /// To be called a few times a second. What was open the last time too goes out of memory, but for
  /// the newest kManyOpen: a record takes more than its task.
  void tick();
  static constexpr std::size_t kManyOpen = 1000;
  /// The same, and those of engines that have gone, which nobody has answered: they wait too.
  std::size_t without_engine() const;
  OpenIds open_ids() const;
  Store& store() { return store_; }

 private:
  struct Open {
    std::string own_id;       // while there is no record to have it
    std::uint64_t order = 0;  // of arrival; 0: this slot is free
    std::optional<Place> place;
    EngineId engine = 0;
    Record* record = nullptr;  // null: the store keeps nothing, or has put it away
    bool is_away = false;
    bool drops_buffers = false;  // the record's, while that is away
    std::string_view id() const { return record != nullptr ? record->msg_id : own_id; }
  };
  // In blocks that share no page with records: those go sooner, and should leave none behind.
  class Slots {
   public:
    std::uint32_t size() const { return size_; }
    Open& operator[](std::uint32_t slot) { return blocks_[slot / kBlock][slot % kBlock]; }
    const Open& operator[](std::uint32_t slot) const {
      return blocks_[slot / kBlock][slot % kBlock];
    }
    void add() {
      if (size_++ % kBlock == 0) blocks_.push_back(std::make_unique<Open[]>(kBlock));
    }

   private:
    static constexpr std::uint32_t kBlock = 1024;
    std::vector<std::unique_ptr<Open[]>> blocks_;
    std::uint32_t size_ = 0;
  };
  struct Result {  // what the books want of a reply; strings as in TaskFacts
    std::string_view status, started, date, engine;
    std::uint64_t published = 0;  // number of its last output; 0: none, or not said
    bool is_old = false;          // of an earlier controller
  };

  const Engine* engine_of(std::string_view uuid);
  Open* find_open(std::string_view id);
  Open& open(std::string_view id);
  void move(Open& task, std::optional<Place> place, EngineId engine = 0);
  std::size_t& count(Place place, EngineId engine);
  void add_request(Open& task, const net::MessageEvent& message, net::Frames& buffers,
                   const net::TaskFacts& facts, const char* queue);
  void finish(std::string_view id, const Result& result, const net::MessageEvent& message,
              net::Frames& buffers);
  void close(Open& task, TaskState state);
  template <class Change>
  void change(Open& task, const Change& with);
  void await_output(std::string_view id, const Result& result, const Engine* engine);
  std::uint64_t number_in(std::string_view metadata);
  static void add_result(Record& record, const Result& result, const net::MessageEvent& message,
                         net::Frames& buffers);

  const Registry& registry_;
  Store& store_;
  std::function<void(std::string_view)> finished_;
  std::map<EngineId, EngineAccount> engines_;
  std::size_t unassigned_ = 0;
  std::uint64_t version_ = 0;
  Slots open_;  // used again
  std::vector<std::uint32_t> free_;
  struct Recent {
    std::uint64_t order;
    std::uint32_t slot;
  };
  std::deque<Recent> recent_;  // what was opened, until tick() has looked at it twice
  std::size_t looked_at_ = 0;  // of these, from the front
  std::uint64_t next_order_ = 1;
  wire::IdTable tasks_;  // how a task ended, or kFirstOpen + its slot
  LateOutput late_;
  wire::FieldParser header_parser_, parser_, field_parser_;
};

}  // namespace ipc::hub
