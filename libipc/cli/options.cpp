// SPDX-License-Identifier: BSD-3-Clause
// The two halves of parsing: where the options end, and what they say.
#include "libipc/cli/options.hpp"

// Its regular expressions would be compiled at every start.
#define CXXOPTS_NO_REGEX 1
#include <algorithm>
#include <cxxopts.hpp>

#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

/// Walks over the words. cxxopts would look at operands too, and takes a value that is joined to
/// its letter only if it is letters and digits: so the words are cut and spelled out here.
class Cutter {
 public:
  Cutter(const Command& command, std::span<const Option> rows, std::span<const std::string> words,
         Arguments& arguments)
      : command_(command), rows_(rows), words_(words), arguments_(arguments) {}

  Status cut() {
    while (at_ < words_.size() && !ended_) {
      const std::string& word = words_[at_];
      if (word == "--") {
        ++at_;
        ended_ = true;
        break;
      }
      if (word.size() < 2 || word[0] != '-') {
        if (!command_.permute) break;
        arguments_.operands.push_back(word);
        ++at_;
        continue;
      }
      ++at_;
      IPC_TRY(word[1] == '-' ? long_option(word.substr(2)) : letters(word.substr(1)));
    }
    arguments_.operands.insert(arguments_.operands.end(), words_.begin() + at_, words_.end());
    const bool may_follow = command_.permute || command_.operands == Operands::words;
    return ended_ || may_follow ? Status() : refuse_late_options();
  }

 private:
  // Taken for an operand, an option would fail later as a file or a name, or silently be data.
  Status refuse_late_options() const {
    const auto& operands = arguments_.operands;
    if (command_.operands == Operands::code && (arguments_.has("sh") || arguments_.has("kernel")))
      return {};
    for (size_t i = 1; i < operands.size() && !operands[i].starts_with(":::"); ++i) {
      if (!is_meant_as_option(operands[i])) continue;
      const std::string first = shell_quote(operands[0]);
      const bool is_short = first.size() <= 40 && first.find('\n') == std::string::npos;
      return Error{
          Code::usage,
          "option " + operands[i] + " comes after the operand" + (is_short ? " " + first : ""),
          "options come first; for an operand that looks like one put -- before them"};
    }
    return {};
  }

  // Among names and files a misspelt one too.
  bool is_meant_as_option(const std::string& word) const {
    if (word.size() < 2 || word[0] != '-' || word == "--") return false;
    const bool is_long = word[1] == '-';
    if (is_long && command_.operands == Operands::names) return true;
    const auto matches = [&](const Option& row) {
      return is_long ? row.name == word.substr(2, word.find('=') - 2) : row.letter == word[1];
    };
    return std::any_of(rows_.begin(), rows_.end(), matches);
  }

  Error usage(const std::string& what) const {
    std::string program(command_.name.substr(0, command_.name.find(' ')));
    return {Code::usage, what, "try " + program + " -h"};
  }

  void add(const Option& row, std::string value) {
    arguments_.options.emplace_back(std::string(row.name), std::move(value));
    ended_ = ended_ || row.last;
  }

  Status long_option(const std::string& text) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto row = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const Option& option) { return option.name == name; });
    if (row == rows_.end()) return is_trait(name) ? trait(name, text, equals) : unknown(name);
    if (row->argument.empty()) {
      if (equals != std::string::npos) return usage("option --" + name + " takes no value");
      add(*row, "");
      return {};
    }
    if (equals != std::string::npos)
      add(*row, text.substr(equals + 1));
    else if (at_ < words_.size())
      add(*row, words_[at_++]);
    else
      return usage("option --" + name + " needs " + std::string(row->argument));
    return {};
  }

  Status letters(const std::string& text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const auto row = std::find_if(rows_.begin(), rows_.end(),
                                    [&](const Option& option) { return option.letter == text[i]; });
      if (row == rows_.end()) return unknown_letter(text, i);
      if (row->argument.empty()) {
        add(*row, "");
        continue;
      }
      if (i + 1 < text.size())
        add(*row, text.substr(i + 1));
      else if (at_ < words_.size())
        add(*row, words_[at_++]);
      else
        return usage(std::string("option -") + text[i] + " needs " + std::string(row->argument));
      break;
    }
    return {};
  }

  bool is_trait(const std::string& name) const {
    return command_.traits && name.find('.') != std::string::npos && std::isupper(name[0]) != 0;
  }

  Status trait(const std::string& name, const std::string& text, size_t equals) {
    if (equals == std::string::npos && at_ == words_.size())
      return usage("option --" + name + " needs a value");
    arguments_.traits.emplace_back(
        name, equals == std::string::npos ? words_[at_++] : text.substr(equals + 1));
    return {};
  }

  Status unknown(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& row : rows_)
      if (!row.help.empty()) names.emplace_back(row.name);
    const std::string near = nearest(name, names);
    return usage("unknown option --" + name +
                 (near.empty() ? "" : "; did you mean --" + near + "?"));
  }

  Status unknown_letter(const std::string& text, size_t i) const {
    std::string what = std::string("unknown option -") + text[i];
    if (text.size() > 1) what += " in -" + text;
    return usage(what);
  }

  const Command& command_;
  std::span<const Option> rows_;
  std::span<const std::string> words_;
  Arguments& arguments_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

Status cut_words(const Command& command, std::span<const Option> rows,
                 std::span<const std::string> words, Arguments& arguments) {
  return Cutter(command, rows, words, arguments).cut();
}

static Status refuse_repeats(std::span<const Option> rows, const Arguments& arguments) {
  for (const auto& row : rows) {
    if (row.argument.empty() || row.repeatable || arguments.count(row.name) < 2) continue;
    const auto values = arguments.all(row.name);
    if (std::all_of(values.begin(), values.end(), [&](auto& v) { return v == values[0]; }))
      continue;
    return Error{Code::usage,
                 "option --" + std::string(row.name) + " is given twice: '" + values[0] +
                     "' and '" + values[1] + "'",
                 "give it once"};
  }
  return {};
}

Status read_options(const Command& command, std::span<const Option> rows, Arguments& arguments) {
  if (arguments.options.empty()) return {};
  cxxopts::Options options{std::string(command.name)};
  for (const auto& row : rows) {
    if (row.argument.empty())
      options.add_options()(std::string(row.name), "", cxxopts::value<bool>());
    else
      options.add_options()(std::string(row.name), "", cxxopts::value<std::string>());
  }
  std::vector<std::string> words{std::string(command.name)};
  for (const auto& [name, value] : arguments.options) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](auto& r) { return r.name == name; });
    words.push_back("--" + name + (row->argument.empty() ? "" : "=" + value));
  }
  std::vector<const char*> argv;
  for (const auto& word : words) argv.push_back(word.c_str());
  try {
    const auto parsed = options.parse(static_cast<int>(argv.size()), argv.data());
    arguments.options.clear();
    for (const auto& item : parsed.arguments())
      arguments.options.emplace_back(item.key(), item.value());
  } catch (const cxxopts::exceptions::exception& error) {
    return Error{Code::usage, error.what(), "try " + std::string(command.name) + " -h"};
  }
  return refuse_repeats(rows, arguments);
}

}  // namespace ipc::cli
