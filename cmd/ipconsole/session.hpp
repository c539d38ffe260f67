// SPDX-License-Identifier: BSD-3-Clause
// A session at a terminal, or with a script: what a console needs of its surroundings.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipconsole/editor.hpp"
#include "cmd/ipconsole/run.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/console/console.hpp"
#include "libipc/console/history.hpp"

namespace ipconsole {

/// Takes inputs one after the other. Everything in the caller's thread; it prints what inputs give
/// to `streams`, but not its errors: those are for the caller.
class Session : private ipc::console::Host {
 public:
  /// `console`: with results, labels and keys; else inputs behave as with ipexec.
  Session(const ipc::cli::Arguments& arguments, ipc::cli::Streams& streams, bool console);

  /// Connects and looks for the engines.
  ipc::Status start() { return console_.start(); }
  /// Who answers questions of the code; once there is an editor.
  void set_asker(std::function<Editor::Line(const std::string& prompt, bool hidden)> ask) {
    ask_ = std::move(ask);
  }
  void set_history(History* history) { history_ = history; }

  /// `0-3> `.
  std::string prompt() const { return console_.name() + "> "; }
  Language language() const { return console_.language(); }
  Completion complete(std::string_view before) { return console_.complete(before); }
  /// Waits for a key, and minds the connection meanwhile. False when a signal ends the program.
  bool wait_for_key();

  /// Does what the input says. An error is a mistake, or that the controller is gone; the next
  /// input then looks for one again.
  ipc::Status take(const std::string& text);
  /// True after `exit`.
  bool left() const { return console_.left(); }
  /// The last input failed on an engine.
  bool failed() const { return failed_ || console_.failed(); }

  const Transcript& transcript() const { return transcript_; }
  /// What is still running of what was left, as a remark for who leaves; empty: nothing.
  std::string farewell() { return console_.farewell(); }

 private:
  // Host
  void say(std::string_view text) override;
  ipc::Result<ipc::console::Ran> run(const ipc::console::Work& work) override;
  ipc::Result<int> run_program(
      const std::string& line,
      const std::vector<std::pair<std::string, std::string>>& environment) override;
  ipc::Status magic(const ipc::console::Input& input) override;
  std::string help() const override;
  void entering(ipc::client::Connection& connection) override;
  void leaving(ipc::client::Connection& connection) override;

  ipc::Status do_history(const std::string& text);

  const ipc::cli::Arguments& arguments_;
  ipc::cli::Streams& streams_;
  const bool is_console_;
  const bool colours_;
  std::function<Editor::Line(const std::string&, bool)> ask_;
  History* history_ = nullptr;
  Transcript transcript_;
  std::vector<ipc::client::Connection*> flushed_;  // their turns flush our streams
  bool failed_ = false;
  ipc::console::Console console_;  // goes first: it calls the rest
};

}  // namespace ipconsole
