// SPDX-License-Identifier: BSD-3-Clause
// iptop while it runs: asks, draws, and does what keys say.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cmd/iptop/screen.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/client/feed.hpp"

namespace iptop {

struct Settings {
  ipc::Duration delay = ipc::seconds(1);
  Key key = Key::id;
  std::string filter;
};

/// Asks about engines without waiting; answers go into a model.
class Asker {
 public:
  Asker(ipc::client::Connection& connection, const ipc::cli::Arguments& arguments)
      : connection_(connection), arguments_(arguments) {}

  /// Who is there. Waits.
  ipc::Status renew(Model& model);
  /// The hub, for what has changed. Nothing while it has not answered.
  void ask_hub(Model& model);
  /// An engine, for what it runs. Nothing while it has not answered.
  void ask_engine(Model& model, int engine);
  bool idle() const { return !asking_ && unanswered_.empty(); }
  bool must_renew() const { return must_renew_; }

 private:
  ipc::client::Connection& connection_;
  const ipc::cli::Arguments& arguments_;
  std::set<int> unanswered_;
  bool asking_ = false, must_renew_ = false;
};

/// The loop of the screen.
class Live {
 public:
  Live(ipc::client::Connection& connection, const ipc::cli::Arguments& arguments,
       const Settings& settings);
  ~Live();

  /// Until `q`. The first thing that goes wrong.
  ipc::Status run();

 private:
  ipc::Status turn();
  void look();
  void draw();
  void take_keys();
  void take_key(int key);
  bool take_filter_key(int key);
  void select(long by);
  void sort_by(int by);
  void question(char action);
  ipc::Status act();
  ipc::Status follow(int engine);
  void add_output(std::string text);

  ipc::client::Connection& connection_;
  Settings settings_;
  Asker asker_;
  Model model_;
  View view_;
  std::unique_ptr<Screen> screen_;
  std::string partial_;  // of the followed engine's output, a line without its end
  ipc::net::Context context_;
  ipc::net::Curve curve_;
  std::optional<ipc::client::Feed> feed_;
  char asked_ = 0, action_ = 0;  // what a question is about; what was answered with yes
  std::string subject_;          // msg_id the question is about
  int subject_engine_ = -1;
  size_t next_ = 0;  // of the engines that are not on the screen, who is asked next
  bool done_ = false;
  ipc::net::Loop::TimerId timer_ = 0, drawing_ = 0;
};

}  // namespace iptop
