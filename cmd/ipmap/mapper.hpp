// SPDX-License-Identifier: BSD-3-Clause
// The map itself: items out to free engines, results in.
#pragma once

#include <unistd.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/ipmap/input.hpp"
#include "cmd/ipmap/ledger.hpp"
#include "cmd/ipmap/payload.hpp"
#include "cmd/ipmap/present.hpp"
#include "cmd/ipmap/reducer.hpp"
#include "cmd/ipmap/results.hpp"
#include "cmd/ipmap/shares.hpp"
#include "libipc/cli/crew.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/client/connection.hpp"

namespace ipmap {

/// Runs one map. Everything happens in the connection's loop.
class Mapper {
 public:
  /// `ledger` may be null.
  Mapper(ipc::client::Connection& connection, Input& input, const Settings& settings,
         ipc::cli::Crew crew, Ledger* ledger, ipc::cli::Streams& streams,
         ipc::cli::Progress& progress);
  ~Mapper();
  Mapper(const Mapper&) = delete;
  Mapper& operator=(const Mapper&) = delete;

  /// Until all items are done; the exit status.
  ipc::Result<int> run();

 private:
  bool finished() const;
  bool wants_more() const;
  size_t most_in_flight() const;
  bool has_room() const;
  void feed();
  void log_turn();
  bool is_there(int engine) const;
  bool pauses();
  bool next_chunk(Chunk& chunk);
  bool take_block(Chunk& chunk);
  void leave_out_done(const Chunk& block);
  void read_more();
  void watch_input(bool on);
  void send(Chunk chunk);
  void post(Chunk chunk, ipc::client::Request request);
  void take(Chunk chunk, ipc::TimePoint sent, const ipc::client::Reply& reply);
  void take_results(const Chunk& chunk, const ipc::client::Reply& reply,
                    const ipc::wire::Json& content);
  void take_partials(const Chunk& chunk, const ipc::client::Reply& reply,
                     const ipc::wire::Json& content);
  void take_error(Chunk chunk, const ipc::client::Reply& reply);
  void take_loss(Chunk chunk, const ipc::client::Reply& reply,
                 const ipc::client::RemoteError& error);
  void lose_share(const Chunk& chunk, const ipc::client::Reply& reply,
                  const ipc::client::RemoteError& error);
  void fail_all(const Chunk& chunk, const ipc::client::Reply& reply,
                const ipc::client::RemoteError& error);
  void finish(Finished& finished, size_t index, const ItemResult& item);
  void add_failed(Finished& finished, size_t index, const ItemResult& item);
  ipc::Status print_reduced(ipc::TimePoint deadline);
  bool tries_again(const Chunk& chunk, size_t index);
  void give_up(ipc::Error error);
  void keep(ipc::Status status);
  std::uint64_t passed() const;
  void look_at_halt();
  void draw();
  ipc::Error timed_out() const;

  ipc::client::Connection& connection_;
  Input& input_;
  const Settings& settings_;
  ipc::cli::Crew crew_;
  Ledger* ledger_;
  ipc::cli::Streams& streams_;
  ipc::cli::Progress& progress_;
  const bool shares_terminal_ = ::isatty(STDOUT_FILENO) == 1;  // its line is where results go
  ipc::cli::LineMerger remarks_;                               // what the remote code prints
  Presenter presenter_;
  Results results_;
  Pace pace_;
  std::optional<Shares> shares_;
  std::optional<Reducer> reducer_;
  std::deque<Chunk> again_;
  std::map<int, ipc::TimePoint> last_reply_;  // of each engine
  size_t bytes_in_flight_ = 0;
  size_t unlogged_ = 0;  // answers of this turn, of which the log does not know yet
  std::uint64_t taken_ = 0, skipped_ = 0, done_ = 0, failed_ = 0;
  bool watching_ = false, stopping_ = false;
  bool halted_ = false, ended_ = false;  // by --halt; and nothing is waited for
  std::optional<ipc::Error> fatal_;
  ipc::net::Loop::TimerId timer_ = 0, pause_ = 0;
  ipc::TimePoint next_send_{};
  ipc::net::Loop::TurnEndId turn_end_ = 0;
  ipc::TimePoint start_ = ipc::Clock::now();
};

}  // namespace ipmap
