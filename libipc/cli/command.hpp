// SPDX-License-Identifier: BSD-3-Clause
// What a program accepts: option rows, from which parsing, help, completion and manual stubs come.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// One option. Every option has a long name; `letter` 0: no short one. Text with static storage.
struct Option {
  char letter = 0;
  std::string_view name;      ///< without dashes
  std::string_view argument;  ///< its name in the help, "SET"; empty: a flag
  std::string_view help;      ///< one line; empty: a hidden option
  bool repeatable = false;    ///< a value option that may come several times
  bool last = false;          ///< all words after its value are operands
};

/// Rows that mean the same in every program; a program takes the groups it needs. `-q -v -h -V` are
/// always there.
enum Common : unsigned {
  kCluster = 1,      ///< --profile --profile-dir --cluster-id --connection --connect-timeout
  kTargets = 2,      ///< -t --targets, -x --exclude
  kAsync = 4,        ///< -a --async
  kTimeout = 8,      ///< -u --timeout
  kLabels = 16,      ///< -l --label, -N --no-label
  kJson = 32,        ///< --json
  kNoStdin = 64,     ///< -n --no-stdin
  kKernel = 128,     ///< --kernel, --sh
  kSerial = 512,     ///< --serial
  kBroadcast = 256,  ///< --broadcast
};

/// What operands behind the first are: whether a word that looks like an option is a mistake.
enum class Operands {
  names,  ///< it is: of files, names, jobs
  code,   ///< it is, but with --sh or --kernel they are the words of a command
  words,  ///< it is not: they are somebody else's arguments
};

/// A line of the examples in the help.
struct Example {
  std::string_view command;
  std::string_view meaning;
};

/// A program, or one verb of a program ("ipcluster start").
struct Command {
  std::string_view name;
  std::vector<std::string_view> synopsis;  ///< what follows the name, a line each
  std::string_view summary;                ///< one or two lines for the help
  std::vector<Example> examples;
  std::vector<Option> options;  ///< its own rows; one of a common name replaces that
  unsigned common = 0;          ///< groups of Common
  bool traits = false;          ///< `--Class.trait=value` of the reference is accepted
  bool permute = false;         ///< options may follow operands too (never where operands are code)
  Operands operands = Operands::names;

  /// Own and common rows in the order of the help.
  std::vector<Option> rows() const;
};

/// A parsed command line.
class Arguments {
 public:
  /// Operands in order, as they were.
  std::vector<std::string> operands;
  /// `Class.trait`, value.
  std::vector<std::pair<std::string, std::string>> traits;
  /// Not empty: -h, -V or --help-rows was given; print this and exit 0.
  std::string answer;

  bool has(std::string_view name) const { return count(name) > 0; }
  /// How often an option was given; `-vv` counts two.
  int count(std::string_view name) const;
  /// The (last) value, nothing if the option was not given.
  std::optional<std::string> get(std::string_view name) const;
  std::string get_or(std::string_view name, std::string_view fallback) const;
  std::vector<std::string> all(std::string_view name) const;

  /// A duration option; nothing if not given. Code::usage names the option.
  Result<std::optional<Duration>> duration(std::string_view name) const;
  /// A whole number in [least, most]; `fallback` if not given. Code::usage names the option.
  Result<long> number(std::string_view name, long fallback, long least, long most) const;

  /// Options in the order given: name, value ("true" for flags).
  std::vector<std::pair<std::string, std::string>> options;
};

/// Parses the words after the program's name. The words are cut at the first operand (or `--`), so
/// operands stay as they are. Unknown options: Code::usage with the nearest known one; options
/// behind an operand too, unless they are words of a command or behind `--`.
Result<Arguments> parse(const Command& command, std::span<const std::string> words);
std::vector<std::string> words_of(int argc, char* const* argv);

/// A duration option as it was written; a number alone gets its unit, s.
std::string duration_text(const Arguments& arguments, std::string_view name);

/// The help text: usage, summary, examples, options.
std::string help_text(const Command& command);
/// `ipexec (ipkit) 0.1.0`
std::string version_text(const Command& command);
/// One line for each row: letter, long name, argument, help, separated by tabs.
std::string rows_text(const Command& command);

}  // namespace ipc::cli
