// SPDX-License-Identifier: BSD-3-Clause
// A console's state: its cluster, its targets, and what was left running; at a terminal or behind
// another front end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/cli/targets.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/console/cell.hpp"
#include "libipc/console/input.hpp"

namespace ipc::console {

/// What could stand in the place of code[from, to).
struct Completion {
  size_t from = 0, to = 0;  ///< bytes
  std::vector<std::string> matches;
};

/// Work that goes on without the console.
struct LeftWork {
  std::vector<std::string> ids;
  std::vector<int> engines;
  std::string code;
};

/// How the engines are to take an input.
struct Manner {
  bool silent = false;                            ///< no values are shown
  bool history = true;                            ///< it counts, and its value is kept as Out[N]
  bool may_ask = false;                           ///< somebody answers input()
  wire::Json expressions = wire::Json::object();  ///< user_expressions of Jupyter
};

/// An input on its way to engines.
struct Work {
  client::Connection& connection;
  const std::vector<int>& engines;
  std::string where;  ///< the engines for people, or "here"
  std::string shown;  ///< the input as it was typed
  std::function<client::Request(int engine)> request;
};

/// The surroundings of a console. Called in the console's thread, from within its own calls.
class Host {
 public:
  virtual ~Host() = default;
  /// A text of the console itself; has its newlines.
  virtual void say(std::string_view text) = 0;
  /// What is said of a name: `name?`.
  virtual void show_help(const std::string& text) {
    say(text + (text.ends_with('\n') ? "" : "\n"));
  }
  /// Runs it and shows what comes.
  virtual Result<Ran> run(const Work& work) = 0;
  /// Runs a line in this machine's /bin/sh with these variables; its wait status.
  virtual Result<int> run_program(
      const std::string& line,
      const std::vector<std::pair<std::string, std::string>>& environment) = 0;
  /// A word of the host's own (its `magics`).
  virtual Status magic(const Input& input) = 0;
  /// The first lines of %help.
  virtual std::string help() const = 0;
  /// The console is about to wait on this connection's loop.
  virtual void entering(client::Connection& connection) = 0;
  /// This connection's end has come.
  virtual void leaving(client::Connection& connection) = 0;
};

/// Takes inputs one after the other. It prints nothing: that is the host's.
class Console {
 public:
  /// `magics`: the host's own words. `talks`: an empty `%targets` says which they are.
  Console(const cli::Arguments& arguments, Host& host, std::vector<Magic> magics, bool talks);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Connects and looks for the engines.
  Status start();
  /// Looks again which engines there are.
  Status look();
  /// `0-3`, or `here`; with the kernel, if it is not the main one.
  std::string name() const;
  Language language() const { return language_; }
  const std::vector<int>& engines() const { return engines_; }
  /// The first engine, as it was known last; null: there is none.
  const client::EngineInfo* first() const;
  /// What input goes to now; null: the controller is gone.
  client::Connection* connection() const {
    return here_ != nullptr ? here_.get() : connection_.get();
  }

  /// The inputs of a notebook's cell (cell_parts).
  std::vector<std::string> parts(std::string_view cell) const {
    return cell_parts(cell, programs_, magics_);
  }
  /// Does what the input says. An error is a mistake, or that the controller is gone; the next
  /// input then looks for one again.
  Status take(const std::string& text, const Manner& manner);
  /// True after `exit`; whoever does not want to end by it says so.
  bool left() const { return left_; }
  void stay() { left_ = false; }
  /// A program that the input was has failed.
  bool failed() const { return failed_; }

  /// What could follow `before`; gives up after a moment.
  Completion complete(std::string_view before);
  /// What an inspect_request answers for this code and cursor (in characters). Code::timed_out if
  /// the engine is busy.
  Result<wire::Json> inspect(const std::string& code, size_t cursor, int level);
  /// What is still running of what was left, as a remark for who leaves; empty: nothing.
  std::string farewell();
  /// Tells engines to begin anew or to end: `clear_request`, `shutdown_request`.
  void tell_engines(const std::string& type);

 private:
  using Arguments = cli::Arguments;
  using Connection = client::Connection;

  // console.cpp
  Status open(const Arguments& arguments, std::unique_ptr<Connection>& into);
  void close(std::unique_ptr<Connection>& connection);
  Result<const client::EngineTable*> table(bool refresh);
  Result<std::vector<int>> choose(const cli::TargetChoice& choice, bool refresh);
  Status execute(const std::string& shown, const std::string& code, bool shell,
                 const std::vector<int>& engines);
  client::Request request_for(int engine, const std::string& code, bool shell);
  Status run_code(const Input& input, const std::string& shown);
  Status help(const Input& input);
  Result<std::optional<client::Reply>> ask_first(client::Request request, Duration limit);

  // magics.cpp
  Status do_magic(const Input& input, const std::string& shown);
  Status do_targets(const std::string& text);
  Status do_px(const Input& input, const std::string& shown);
  Status start_in_background(const std::string& code, const std::vector<int>& engines);
  Status do_autopx();
  Status do_jobs();
  Status do_result(const std::string& text);
  Status do_cancel(const std::string& text);
  Status do_program(const std::string& name, const std::string& text);
  void do_help();

  const Arguments& arguments_;
  Host& host_;
  const std::vector<Magic> magics_;
  const bool talks_;
  const std::string kernel_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> here_;  // %autopx: instead of the cluster
  cli::TargetChoice choice_;
  std::vector<int> engines_;
  Language language_ = Language::python;
  std::string path_;  // of the connection file
  std::vector<std::string> programs_;
  Manner manner_;  // of the input that is being taken
  std::vector<LeftWork> jobs_;
  std::vector<std::string> last_;  // ids of the newest input
  bool left_ = false, failed_ = false;
};

/// Characters of UTF-8 text, and the byte at which the n-th begins.
size_t characters(std::string_view text);
size_t byte_of(std::string_view text, size_t character);

}  // namespace ipc::console
