// SPDX-License-Identifier: BSD-3-Clause
// Command templates: where an item stands in a command, and how it is quoted there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::cli {

/// A shell command with places for an item: {} {.} {/} {//} {/.} {#}, and {1} {2.} {-1/} … for
/// columns.
class CommandTemplate {
 public:
  /// One operand: shell text, places are filled shell-quoted; a place within quotes or backquotes
  /// is Code::usage. Several: a command and its arguments, each becomes one word. Without a place
  /// the item is appended. `columns`: {1} and the like are places too.
  static Result<CommandTemplate> parse(std::span<const std::string> operands, bool columns);
  /// A command whose items do not stand in it: its only place is {#}. Code::usage for others.
  static Result<CommandTemplate> parse_filter(std::span<const std::string> operands);

  /// The command for one item, its number from 1, and its columns (may be empty).
  std::string fill(std::string_view item, std::uint64_t number,
                   std::span<const std::string> columns = {}) const;

 private:
  struct Part {
    std::string text;   // literal
    std::string place;  // between the braces; only where is_place
    bool is_place = false;
  };
  using Parts = std::vector<Part>;

  static Result<CommandTemplate> cut_all(std::span<const std::string> operands, bool columns);
  static Parts cut(std::string_view text, bool columns);
  std::vector<Parts> words_;
  bool is_shell_text_ = true;
};

/// What a place ("", ".", "/", "//", "/.") makes of an item.
std::string fill_place(std::string_view place, std::string_view item);

}  // namespace ipc::cli
