// SPDX-License-Identifier: BSD-3-Clause
// The kernel that front ends see: their requests, one after the other, on the engines.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/ipkernel/front.hpp"
#include "cmd/ipkernel/shown.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/console/console.hpp"
#include "libipc/console/history.hpp"

namespace ipkernel {

/// How a kernel behaves.
struct Settings {
  bool owns_engines = false;    ///< restart clears their names, shutdown ends them
  bool follows_parent = false;  ///< ends when the process that started it is gone
};

/// Serves until a front end shuts it down or a signal ends the program. One thread: while a cell
/// runs, its loop serves the control channel and heartbeats.
class Server : private ipc::console::Host {
 public:
  Server(const ipc::cli::Arguments& arguments, Settings settings);
  ~Server() override = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Connects and looks for the engines. A kernel can serve without: it then says so.
  ipc::Status start() { return console_.start(); }
  /// `0-3`.
  std::string engines() const { return console_.name(); }
  /// Binds; ports that are 0 become free ones.
  ipc::Status listen(ipc::net::KernelEndpoints& endpoints);
  void set_history(ipc::console::History* history) { history_ = history; }

  void serve();

 private:
  using Json = ipc::wire::Json;
  using Connection = ipc::client::Connection;

  // server.cpp
  ipc::net::Loop& loop();
  void use(ipc::net::Loop& loop);
  void take(Asked&& asked);
  void take_control(Asked&& asked);
  void end();
  void process(const Asked& asked);
  void answer(const Asked& asked, const char* type, Json content);
  void state(const Asked& asked, const char* state);
  void stop(const Asked& asked);
  void publish(std::string_view type, const Json& content,
               std::vector<ipc::net::Frame> buffers = {});

  // requests.cpp
  Json info();
  Json completed(const Json& content);
  Json inspected(const Json& content);
  Json is_complete(const Json& content) const;
  Json history(const Json& content) const;

  // execute.cpp
  void execute(const Asked& asked);
  void show_input(std::optional<int> number = {});
  bool run_parts(const Asked& asked, const ipc::console::Manner& manner);
  Json execute_reply(bool failed);
  void show_error(CellError error);
  ipc::console::Answer ask(const ipc::console::Question& question, Connection& connection);
  void abort_waiting();

  // Host: execute.cpp
  void say(std::string_view text) override;
  void show_help(const std::string& text) override;
  ipc::Result<ipc::console::Ran> run(const ipc::console::Work& work) override;
  ipc::Result<int> run_program(
      const std::string& line,
      const std::vector<std::pair<std::string, std::string>>& environment) override;
  ipc::Status magic(const ipc::console::Input&) override { return {}; }
  std::string help() const override;
  void entering(Connection& connection) override;
  void leaving(Connection& connection) override;

  const Settings settings_;
  ipc::net::Loop idle_;  // while there is no connection
  ipc::net::Loop* current_loop_ = nullptr;
  ipc::cli::Interrupts interrupts_;
  Front front_;
  ipc::net::KernelEndpoints endpoints_;
  ipc::console::History* history_ = nullptr;
  std::deque<Asked> waiting_;
  std::vector<std::pair<int, std::string>> inputs_;  // of this life
  int number_ = 0;                                   // of the newest input
  bool ends_ = false;
  std::optional<Asked> shutdown_;

  // of the request that is served
  const Asked* asked_ = nullptr;
  bool input_shown_ = false, counts_ = true, aborts_ = false;
  int stops_ = 0;  // interrupts since its start
  CellEnd end_;
  Json payload_ = Json::array();
  ipc::console::Cell* cell_ = nullptr;
  pid_t program_ = 0;
  bool awaits_answer_ = false;
  std::optional<ipc::console::Answer> answer_;

  ipc::console::Console console_;  // goes first: it calls the rest
};

}  // namespace ipkernel
