// SPDX-License-Identifier: BSD-3-Clause
// A console's state: its cluster, its targets, what was typed and what was left running.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipconsole/editor.hpp"
#include "cmd/ipconsole/history.hpp"
#include "cmd/ipconsole/input.hpp"
#include "cmd/ipconsole/run.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/targets.hpp"
#include "libipc/client/connection.hpp"

namespace ipconsole {

/// Work that goes on without the console.
struct LeftWork {
  std::vector<std::string> ids;
  std::vector<int> engines;
  std::string code;
};

/// Takes inputs one after the other. Everything in the caller's thread; it prints what inputs give
/// to `streams`, but not its errors: those are for the caller.
class Session {
 public:
  /// `console`: with results, labels and keys; else inputs behave as with ipexec.
  Session(const ipc::cli::Arguments& arguments, ipc::cli::Streams& streams, bool console);
  ~Session();

  /// Connects and looks for the engines.
  ipc::Status start();
  /// Who answers questions of the code; once there is an editor.
  void set_asker(std::function<Editor::Line(const std::string& prompt, bool hidden)> ask) {
    ask_ = std::move(ask);
  }
  void set_history(History* history) { history_ = history; }

  /// `0-3> `.
  std::string prompt() const;
  Language language() const { return language_; }
  Completion complete(std::string_view before);
  /// Waits for a key, and minds the connection meanwhile. False when a signal ends the program.
  bool wait_for_key();

  /// Does what the input says. An error is a mistake, or that the controller is gone; the next
  /// input then looks for one again.
  ipc::Status take(const std::string& text);
  /// True after `exit`.
  bool left() const { return left_; }
  /// The last input failed on an engine.
  bool failed() const { return failed_; }

  const Transcript& transcript() const { return transcript_; }
  /// What is still running of what was left, as a remark for who leaves; empty: nothing.
  std::string farewell();

 private:
  using Arguments = ipc::cli::Arguments;
  using Connection = ipc::client::Connection;

  // session.cpp
  ipc::Status open(const Arguments& arguments, std::unique_ptr<Connection>& into);
  ipc::Result<std::vector<int>> choose(const ipc::cli::TargetChoice& choice, bool refresh);
  ipc::Status execute(const std::string& shown, const std::string& code, bool shell,
                      const std::vector<int>& engines);
  ipc::client::Request request_for(int engine, const std::string& code, bool shell);
  ipc::Status run_code(const Input& input, const std::string& shown);
  ipc::Status help(const Input& input);
  ViewOptions view_options(size_t engines) const;

  // magics.cpp
  ipc::Status do_magic(const Input& input, const std::string& shown);
  ipc::Status do_targets(const std::string& text);
  ipc::Status do_px(const Input& input, const std::string& shown);
  ipc::Status start_in_background(const std::string& code, const std::vector<int>& engines);
  ipc::Status do_autopx();
  ipc::Status do_jobs();
  ipc::Status do_result(const std::string& text);
  ipc::Status do_cancel(const std::string& text);
  ipc::Status do_history(const std::string& text);
  ipc::Status do_program(const std::string& name, const std::string& text);
  void do_help();

  const Arguments& arguments_;
  ipc::cli::Streams& streams_;
  const bool console_;
  const bool colours_;
  const std::string kernel_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> here_;  // %autopx: instead of the cluster
  ipc::cli::TargetChoice choice_;
  std::vector<int> engines_;
  Language language_ = Language::python;
  std::string path_;  // of the connection file
  std::vector<std::string> programs_;
  std::function<Editor::Line(const std::string&, bool)> ask_;
  History* history_ = nullptr;
  Transcript transcript_;
  std::vector<LeftWork> jobs_;
  std::vector<std::string> last_;  // ids of the newest input
  bool left_ = false, failed_ = false;
};

}  // namespace ipconsole
