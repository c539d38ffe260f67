// SPDX-License-Identifier: BSD-3-Clause
// What a line means: code, a command of the shell, a question, or a word to the console itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/console/syntax.hpp"
#include "libipc/util/result.hpp"

namespace ipc::console {

/// A word to the console, `%name`.
struct Magic {
  std::string_view name;      ///< without %
  std::string_view argument;  ///< as in the help; empty: none
  std::string_view help;
};

/// Those of every console; `%ipstat` and the like, which run a program of ours, beside them.
std::span<const Magic> magics();

/// Code::usage for a word that was used wrongly, with how it is used.
Error misused(const std::string& what, std::string_view name, std::span<const Magic> magics);

struct Input {
  enum class Kind {
    empty,
    code,     ///< `text`, for the engines
    shell,    ///< `text`, for their shells
    help,     ///< what is known of the name `text`
    magic,    ///< `name`, with `text` behind it
    program,  ///< `name`, a program of ours, with `text` behind it
    mistake,  ///< `text` says which, and what to write instead
  };
  Kind kind = Kind::empty;
  std::string text;
  std::string name;
  std::string body;     ///< of `%%name`: the lines after the first
  bool cell = false;    ///< it was `%%name`
  bool source = false;  ///< help: with its source, `name??`
};

/// Reads one input. What is neither ours nor near to a word of ours is code: engines that have
/// IPython understand its own magics. `programs`: the names that `%name` runs;
/// `magics`: the words that are the console's.
Input read_input(std::string_view text, std::span<const std::string> programs,
                 std::span<const Magic> magics);

/// The inputs of a script: each has as many lines as it needs. A block also ends before a line that
/// begins at the margin and does not belong to it.
std::vector<std::string> inputs_in(std::string_view script, Language language);

/// The inputs of a notebook's cell: words of ours and commands of the shell are lines of their own
/// in it, what is between them stays together. A cell that begins with `%%` is one.
std::vector<std::string> cell_parts(std::string_view cell, std::span<const std::string> programs,
                                    std::span<const Magic> magics);

/// The words of a magic's line: blanks part them, quotes (one kind) keep them together.
std::vector<std::string> words_in(std::string_view text);

}  // namespace ipc::console
