// SPDX-License-Identifier: BSD-3-Clause
// plain.hpp: commands of nothing but words, which need no shell between us and the program.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/sh/shell.hpp"

namespace ipkit::kernel::sh {

/// The words of a command if it is one simple command of literal words: no expansion, assignment,
/// redirection or operator. Quotes and backslashes are taken off where they leave text literal.
std::optional<std::vector<std::string>> plain_words(std::string_view command);

/// Runs such commands without a fork of bash, where that makes no difference: the user has not
/// given bash anything that its children inherit, beside directory and environment, and the words
/// name programs. Bash is asked, at most once a second unless other code has run in it. Not thread
/// safe.
class PlainCommands {
 public:
  /// The shell must be as it starts, and must outlive this.
  explicit PlainCommands(Shell& shell);

  /// Bash has run, or may have run, something else than items of maps.
  void forget();

  /// Takes items; false unless each of them can be run. Does not ask bash for one item alone.
  bool take(const std::vector<std::string_view>& items);

  /// Runs the item taken as number `index`; nothing if it could not be started. `input` is a path,
  /// `output` a descriptor.
  std::optional<Ended> run(size_t index, const std::string& input, int output);

 private:
  Shell& shell_;
  const std::string untouched_;  ///< traits of bash before the user had it
  std::string traits_;           ///< when it was last asked
  std::vector<std::vector<std::string>> commands_;
  std::map<std::string, std::string> paths_;  ///< of command words; empty: no program
  std::vector<std::string> environment_;
  std::chrono::steady_clock::time_point asked_;
  bool in_series_ = false, known_ = false;

  std::string traits();
  bool knows_all() const;
  void ask();
  void take_answer(std::string_view answer, const std::vector<std::string>& words);
};

}  // namespace ipkit::kernel::sh
