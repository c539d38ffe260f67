// SPDX-License-Identifier: BSD-3-Clause
// Failures of engines as users see them: equal ones once.
#pragma once

#include <string>
#include <vector>

#include "libipc/client/error.hpp"

namespace ipc::cli {

/// How much is said of a remote error.
struct ErrorStyle {
  bool verbose = false;     ///< the whole traceback
  bool quiet = false;       ///< nothing of a command's exit status
  std::string more = {};    ///< added to the first line
  std::string suffix = {};  ///< behind the engines: `0-3/sh (4): …`
};

/// The text of one error: one line, then, indented, the stack if it is deeper than one line of the
/// user's code, or the whole traceback. Control characters and colours are taken out.
std::string error_text(const client::RemoteError& error, const ErrorStyle& style);

/// Gathers errors and prints equal ones once, `0-3,7 (5): NameError: …`.
class ErrorReport {
 public:
  explicit ErrorReport(ErrorStyle style) : style_(style) {}

  void add(int engine, const client::RemoteError& error);
  /// Complains about what was added since the last time, in the order of the first engine.
  void print();
  bool any() const { return any_; }
  /// 0; 1 if something failed; with `largest` the largest exit status a command had, at least 1.
  int status(bool largest) const;

 private:
  struct Group {
    std::string text;
    std::vector<int> engines;
  };
  ErrorStyle style_;
  std::vector<Group> groups_;
  bool any_ = false;
  int largest_ = 0;
};

/// "0-3,7 (5)" or "3"; "0-3/sh (4)" with the suffix "/sh".
std::string engines_text(const std::vector<int>& engines, const std::string& suffix = "");

}  // namespace ipc::cli
