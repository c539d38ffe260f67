// SPDX-License-Identifier: BSD-3-Clause
// The run: nodes out to the controller, replies in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cmd/ipdag/graph.hpp"
#include "cmd/ipdag/schedule.hpp"
#include "cmd/ipdag/settings.hpp"
#include "libipc/cli/joblog.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/client/connection.hpp"

namespace ipdag {

/// Uuids of the engines that a node may run on, by its `targets`; "" is for nodes without.
using Places = std::map<std::string, std::vector<std::string>>;

/// Runs one graph. Everything happens in the connection's loop.
class Runner {
 public:
  /// All have to outlive it. `log` may be null.
  Runner(ipc::client::Connection& connection, const Graph& graph, const Settings& settings,
         const Places& places, ipc::cli::Streams& streams, ipc::cli::Progress& progress,
         ipc::cli::JobLog* log);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Until every node has ended; the exit status.
  ipc::Result<int> run();
  /// How far it has come.
  const Schedule& schedule() const { return schedule_; }

 private:
  // What a node has printed so far: whole when it ends, so that nodes do not mix.
  struct Printed {
    ipc::client::Spool out{1 << 20}, err{1 << 20};
  };

  void fill();
  void send(Index node);
  ipc::wire::Json metadata_of(Index node) const;
  void take_output(const ipc::client::Output& output);
  void take(Index node, const ipc::client::Reply& reply);
  void end(Index node, const ipc::client::Reply& reply, Printed printed);
  ipc::Status show(Printed printed, const ipc::client::Reply& reply);
  void write_log(Index node, const ipc::client::Reply& reply, std::uint64_t printed);
  std::string row(Index node, const ipc::client::Reply& reply, const std::string& out,
                  const std::string& err) const;
  void report(Index node, const ipc::client::Reply& reply);
  void report_skipped();
  void note(const ipc::Status& status);
  void draw();
  ipc::Error timed_out() const;

  ipc::client::Connection& connection_;
  const Graph& graph_;
  const Settings& settings_;
  const Places& places_;
  ipc::cli::Streams& streams_;
  ipc::cli::Progress& progress_;
  ipc::cli::JobLog* log_;
  Schedule schedule_;
  bool may_go_ahead_;               // nodes whose turn has not come may be sent
  std::vector<std::string> ids_;    // of each node's newest task
  std::vector<unsigned> attempts_;  // so far
  std::unordered_map<std::string, Index> in_flight_;
  std::unordered_map<Index, Printed> printed_;
  size_t bytes_in_flight_ = 0;
  std::uint64_t done_ = 0, failed_ = 0, total_ = 0;
  std::optional<ipc::Error> fatal_;
  ipc::net::Loop::TimerId timer_ = 0;
  ipc::net::Loop::TurnEndId turn_end_ = 0;
  ipc::TimePoint start_ = ipc::Clock::now();
};

}  // namespace ipdag
