// SPDX-License-Identifier: BSD-3-Clause
// What all clients of a cluster have run, and what came of it, as it happens.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "cmd/ipcluster/cell_printer.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/client/feed.hpp"

namespace ipc::cluster {

/// Listens to a cluster that may not be there yet, and may go.
class Cells {
 public:
  /// `required`: no cluster is an error, now and when it ends.
  Cells(const cli::Arguments& arguments, bool required);
  ~Cells();

  /// Prints what comes until `fd` (-1: none) has input, stdout is closed, or a second has passed.
  Status turn(int fd);

 private:
  Status open();
  void close();
  Status listen();
  Status listen_on(int fd);
  Status renew();
  Status choose(const client::EngineTable& table);
  Status watch(int engine);
  void announce();

  const cli::Arguments& arguments_;
  bool required_, all_ = true, announced_ = false;
  cli::Writer out_;
  CellPrinter printer_;
  net::Context context_;
  net::Curve curve_;
  std::unique_ptr<client::Connection> connection_;
  std::optional<client::Feed> feed_;
  std::set<int> chosen_, unanswered_;
  bool connected_ = false, woken_ = false;
  TimePoint renewed_{};
};

}  // namespace ipc::cluster
