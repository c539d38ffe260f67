// SPDX-License-Identifier: BSD-3-Clause
// Command templates: where an item stands in a command, and how it is quoted there.
#include "libipc/cli/placeholders.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

std::string_view without_suffix(std::string_view item) {
  const size_t dot = item.rfind('.');
  const size_t slash = item.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash))
    return item;
  return item.substr(0, dot);
}

std::string_view base_name(std::string_view item) {
  const size_t slash = item.rfind('/');
  return slash == std::string_view::npos ? item : item.substr(slash + 1);
}

std::string_view directory_name(std::string_view item) {
  const size_t slash = item.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : item.substr(0, slash);
}

/// A column and what is made of it: `{2}`, `{2.}`, `{-1/}`.
struct ColumnPlace {
  long column;  // from 1; negative ones count from the end
  std::string_view place;
};

std::optional<ColumnPlace> column_of(std::string_view text) {
  ColumnPlace found{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found.column);
  if (error != std::errc() || found.column == 0) return {};
  found.place = text.substr(static_cast<size_t>(end - text.data()));
  for (const std::string_view known : {"", ".", "/", "//", "/."})
    if (found.place == known) return found;
  return {};
}

std::string fill_column(const ColumnPlace& place, std::span<const std::string> columns) {
  const long count = static_cast<long>(columns.size());
  const long index = place.column > 0 ? place.column - 1 : count + place.column;
  if (index < 0 || index >= count) return "";
  return fill_place(place.place, columns[static_cast<size_t>(index)]);
}

// Length of the place at the start of `text`, braces included; 0 if there is none.
size_t place_length(std::string_view text, bool columns) {
  for (const std::string_view place : {"{}", "{.}", "{/}", "{//}", "{/.}", "{#}"})
    if (text.starts_with(place)) return place.size();
  const size_t end = text.find('}');
  if (!columns || text.empty() || text[0] != '{' || end == std::string_view::npos) return 0;
  return column_of(text.substr(1, end - 1)) ? end + 1 : 0;
}

/// Follows the quoting of shell text, so far as to know what a quoted word would mean there.
class Quoting {
 public:
  /// Takes the character at `at`; the next one to look at is returned.
  size_t step(std::string_view text, size_t at) {
    const char c = text[at];
    const bool dollar = at > 0 && text[at - 1] == '$';
    switch (contexts_.back()) {
      case '\'':
        if (c == '\'') contexts_.pop_back();
        return at + 1;
      case '$':  // $'…'
        if (c == '\'') contexts_.pop_back();
        return c == '\\' ? at + 2 : at + 1;
      default:
        break;
    }
    const bool in_double = contexts_.back() == '"';
    if (c == '\\') return at + 2;
    if (c == '"')
      toggle('"');
    else if (c == '`')
      toggle('`');
    else if (c == '\'' && !in_double)
      contexts_.push_back(dollar ? '$' : '\'');
    else if (c == '(' && (!in_double || dollar))
      contexts_.push_back('(');
    else if (c == ')' && contexts_.back() == '(')
      contexts_.pop_back();
    return at + 1;
  }

  /// A quoted word may stand here: only within nothing but parentheses, or in `"$( )"`.
  bool is_plain() const {
    return (contexts_.back() == '(' || contexts_.back() == ' ') &&
           std::find(contexts_.begin(), contexts_.end(), '`') == contexts_.end();
  }

 private:
  void toggle(char quote) {
    if (contexts_.back() == quote)
      contexts_.pop_back();
    else
      contexts_.push_back(quote);
  }

  std::vector<char> contexts_ = {' '};
};

Status check_quoting(std::string_view text, bool columns) {
  Quoting quoting;
  for (size_t at = 0; at < text.size();) {
    const size_t length = place_length(text.substr(at), columns);
    if (length == 0) {
      at = quoting.step(text, at);
      continue;
    }
    const std::string place(text.substr(at, length));
    if (!quoting.is_plain())
      return Error{Code::usage, place + " stands within quotes",
                   "drop the quotes, " + place + " is quoted already"};
    at += length;
  }
  return {};
}

}  // namespace

std::string fill_place(std::string_view place, std::string_view item) {
  if (place == ".") return std::string(without_suffix(item));
  if (place == "/") return std::string(base_name(item));
  if (place == "//") return std::string(directory_name(item));
  if (place == "/.") return std::string(without_suffix(base_name(item)));
  return std::string(item);
}

CommandTemplate::Parts CommandTemplate::cut(std::string_view text, bool columns) {
  Parts parts;
  std::string literal;
  for (size_t at = 0; at < text.size();) {
    const size_t length = place_length(text.substr(at), columns);
    if (length == 0) {
      literal += text[at++];
      continue;
    }
    if (!literal.empty()) parts.push_back({std::exchange(literal, {}), "", false});
    parts.push_back({"", std::string(text.substr(at + 1, length - 2)), true});
    at += length;
  }
  if (!literal.empty()) parts.push_back({literal, "", false});
  return parts;
}

Result<CommandTemplate> CommandTemplate::cut_all(std::span<const std::string> operands,
                                                 bool columns) {
  CommandTemplate made;
  made.is_shell_text_ = operands.size() == 1;
  if (made.is_shell_text_) IPC_TRY(check_quoting(operands[0], columns));
  for (const auto& operand : operands) made.words_.push_back(cut(operand, columns));
  return made;
}

Result<CommandTemplate> CommandTemplate::parse(std::span<const std::string> operands,
                                               bool columns) {
  IPC_TRY_ASSIGN(auto made, cut_all(operands, columns));
  for (const auto& word : made.words_)
    for (const auto& part : word)
      if (part.is_place) return made;
  if (made.is_shell_text_) {
    if (!made.words_[0].empty()) made.words_[0].push_back({" ", "", false});
    made.words_[0].push_back({"", "", true});
  } else {
    made.words_.push_back({{"", "", true}});
  }
  return made;
}

Result<CommandTemplate> CommandTemplate::parse_filter(std::span<const std::string> operands) {
  IPC_TRY_ASSIGN(auto made, cut_all(operands, false));
  for (const auto& word : made.words_)
    for (const auto& part : word)
      if (part.is_place && part.place != "#")
        return Error{Code::usage, "{" + part.place + "} has no item to stand for",
                     "the command gets it on standard input; {#} is its number"};
  return made;
}

std::string CommandTemplate::fill(std::string_view item, std::uint64_t number,
                                  std::span<const std::string> columns) const {
  std::string command;
  for (const auto& word : words_) {
    std::string text;
    for (const auto& part : word) {
      if (!part.is_place) {
        text += part.text;
        continue;
      }
      std::string filled;
      if (part.place == "#")
        filled = std::to_string(number);
      else if (const auto column = column_of(part.place))
        filled = fill_column(*column, columns);
      else
        filled = fill_place(part.place, item);
      text += is_shell_text_ ? shell_quote(filled) : filled;
    }
    if (!command.empty()) command += ' ';
    command += is_shell_text_ ? text : shell_quote(text);
  }
  return command;
}

}  // namespace ipc::cli
