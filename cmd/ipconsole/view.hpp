// SPDX-License-Identifier: BSD-3-Clause
// How what engines give is shown, and kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipconsole/transcript.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/client/error.hpp"

namespace ipconsole {

/// Where an input's output goes.
struct ViewOptions {
  bool console = true;  ///< results and displays are shown, errors need no program's name
  bool labels = true;   ///< several engines are addressed
  bool colours = false;
  bool verbose = false;  ///< whole tracebacks
};

/// The output of one input, of the engines it went to. Make one for each.
class View {
 public:
  View(ViewOptions options, const std::vector<int>& engines, ipc::cli::Streams& streams,
       Transcript& transcript);

  void stream(int engine, bool is_stderr, std::string_view bytes);
  /// `number`: of Out[number] there, 0 if it has none.
  void result(int engine, int number, ipc::wire::Json data);
  void display(int engine, ipc::wire::Json data);
  void error(int engine, const ipc::client::RemoteError& error);
  /// Shows the errors so far, equal ones once.
  void print_errors();
  /// Ends a line that was left open: something else follows.
  void break_line();
  /// Nothing more comes.
  ipc::Status finish();
  bool failed() const { return failed_; }

 private:
  void line(int engine, const std::string& text);

  ViewOptions options_;
  ipc::cli::Streams& streams_;
  Transcript& transcript_;
  std::optional<ipc::cli::RemoteOutput> output_;
  char last_ = '\n';
  bool failed_ = false;
  struct Group {
    std::string text;
    std::vector<int> engines;
  };
  std::vector<Group> groups_;
};

}  // namespace ipconsole
