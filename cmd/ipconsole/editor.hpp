// SPDX-License-Identifier: BSD-3-Clause
// The line being typed: libedit, with colours, several lines, completion and the history.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/console/console.hpp"
#include "libipc/console/history.hpp"
#include "libipc/console/syntax.hpp"

namespace ipconsole {

using ipc::console::Completion;
using ipc::console::History;
using ipc::console::Language;
using ipc::console::Recall;

/// What the editor asks of its surroundings.
struct EditorHooks {
  std::function<Language()> language;
  /// For the code up to the cursor. May take a moment, and gives up by itself.
  std::function<Completion(std::string_view code)> complete;
  /// Returns when standard input can be read, or something else has happened (false: it is over).
  std::function<bool()> wait;
};

/// The terminal on standard input and output. One at a time; everything in the caller's thread.
class Editor {
 public:
  Editor(EditorHooks hooks, Recall recall);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  struct Line {
    enum class Kind { text, cancelled, end } kind = Kind::text;
    std::string text;
  };
  /// One input, of as many lines as it needs. Ctrl-C: cancelled; Ctrl-D on an empty line: end.
  Line read(const std::string& prompt);
  /// An answer to code that asks; not kept, and not shown if `hidden`. While a NoEcho lives.
  Line ask(const std::string& prompt, bool hidden);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// While it lives the terminal shows nothing of what is typed; that stays for the next line.
class NoEcho {
 public:
  NoEcho();
  ~NoEcho();
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
};

/// The longest beginning that all `words` share.
std::string common_start(const std::vector<std::string>& words);

/// `words` in columns of a terminal `width` wide, by columns as ls(1) does; lines end in "\n".
std::string in_columns(const std::vector<std::string>& words, size_t width);

}  // namespace ipconsole
