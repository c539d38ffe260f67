// SPDX-License-Identifier: BSD-3-Clause
// code.cpp: the lines a native kernel understands.
#include "kernels/native/code.hpp"

#include <algorithm>

#include "kernels/common/text.hpp"

namespace ipkit::kernel::native {

namespace {

constexpr std::string_view blanks = " \t\r";
constexpr int max_depth = 100;

std::string_view trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(blanks), text.size());
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// Reads expressions off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Expression whole() {
    Expression found = expression(0);
    if (skip(); at_ < text_.size()) fail("unexpected '" + rest() + "'");
    return found;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;

  [[noreturn]] static void fail(const std::string& what) { throw Refused{"SyntaxError", what, {}}; }

  std::string rest() const { return std::string(text_.substr(at_, 40)); }

  void skip() { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }

  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Expression expression(int depth) {
    if (depth > max_depth) fail("calls nested too deeply");
    if (skip(); at_ >= text_.size()) fail("a value or a call is missing at the end");
    const char c = text_[at_];
    if (c == '"' || c == '[' || c == '{' || c == '-' || (c >= '0' && c <= '9')) return literal();
    const size_t start = at_;
    while (at_ < text_.size() && is_name("x" + std::string(1, text_[at_]))) ++at_;
    Expression found;
    found.word = text_.substr(start, at_ - start);
    if (found.word.empty()) fail("unexpected '" + rest() + "'");
    if (found.word == "null" || found.word == "true" || found.word == "false") {
      found.value = decode_json(found.word);
      return found;
    }
    found.kind = take('(') ? Expression::call : Expression::name;
    if (found.kind == Expression::call && !take(')')) {
      do {
        found.arguments.push_back(expression(depth + 1));
      } while (take(','));
      if (!take(')')) fail(rest().empty() ? "')' is missing" : "unexpected '" + rest() + "'");
    }
    return found;
  }

  Expression literal() {
    const size_t end = literal_end();
    const std::string text(text_.substr(at_, end - at_));
    Expression found;
    try {
      found.value = decode_json(text);
    } catch (const Refused&) {
      fail("not JSON: " + text.substr(0, 40));
    }
    at_ = end;
    return found;
  }

  /// Where the JSON that begins here ends, if it is any.
  size_t literal_end() const {
    if (text_[at_] != '"' && text_[at_] != '[' && text_[at_] != '{')
      return std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    int open = 0;
    bool quoted = false;
    for (size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') quoted = !quoted;
      if (quoted) {
        i += c == '\\' ? 1 : 0;
        continue;
      }
      open += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      if (open <= 0) return i + 1;
    }
    return text_.size();
  }
};

/// The operand of `word` at the start of a line; false if the line is something else.
bool command(std::string_view line, std::string_view word, std::string& operand) {
  if (!line.starts_with(word)) return false;
  const std::string_view after = line.substr(word.size());
  const std::string_view found = trimmed(after);
  if (!after.empty() && (blanks.find(after[0]) == std::string_view::npos || found[0] == '='))
    return false;
  if (found.empty()) throw Refused{"SyntaxError", std::string(word) + " needs an operand", {}};
  operand = found;
  return true;
}

Statement parse_line(std::string_view line) {
  Statement found;
  if (command(line, "load", found.word)) {
    found.kind = Statement::load;
  } else if (command(line, "cd", found.word)) {
    found.kind = Statement::directory;
  } else {
    const size_t equals = line.find('=');
    const std::string_view name =
        equals == std::string_view::npos ? line : trimmed(line.substr(0, equals));
    if (equals != std::string_view::npos && is_name(name)) {
      found.kind = Statement::assignment;
      found.word = name;
      line.remove_prefix(equals + 1);
    }
    found.what = parse_expression(line);
  }
  return found;
}

}  // namespace

Expression parse_expression(std::string_view text) {
  return Reader(text).whole();
}

std::vector<Statement> parse_code(std::string_view code) {
  std::vector<Statement> statements;
  size_t number = 0;
  for (std::string_view line : split(code, '\n')) {
    ++number;
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    try {
      statements.push_back(parse_line(line));
      statements.back().line = number;
    } catch (const Refused& refused) {
      throw Refused{refused.ename, "line " + std::to_string(number) + ": " + refused.evalue, {}};
    }
  }
  return statements;
}

}  // namespace ipkit::kernel::native
