// SPDX-License-Identifier: BSD-3-Clause
// What is typed, as far as an editor has to understand it: colours, and whether more is to come.
#include "libipc/console/syntax.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

#include "libipc/util/text.hpp"

namespace ipc::console {
namespace {

constexpr std::array<std::string_view, 38> kPython = {
    "False",  "None",     "True",   "and",  "as",   "assert", "async",  "await",    "break", "case",
    "class",  "continue", "def",    "del",  "elif", "else",   "except", "finally",  "for",   "from",
    "global", "if",       "import", "in",   "is",   "lambda", "match",  "nonlocal", "not",   "or",
    "pass",   "raise",    "return", "self", "try",  "while",  "with",   "yield"};
constexpr std::array<std::string_view, 17> kShell = {
    "case",     "do", "done", "elif",  "else", "esac",  "export", "fi",    "for",
    "function", "if", "in",   "local", "then", "until", "while",  "select"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Reads code from its start to its end, once.
class Reader {
 public:
  Reader(std::string_view code, Language language) : code_(code), language_(language) { read(); }

  std::vector<Span> spans;
  std::vector<std::string_view> words;  // bare ones
  int depth = 0;                        // of brackets that are open
  bool open_string = false;             // goes on in the next line

 private:
  void add(size_t from, Colour colour) { spans.push_back({from, at_, colour}); }
  bool at_line_start() const { return at_ == 0 || code_[at_ - 1] == '\n'; }

  void read() {
    if (const size_t start = code_.find_first_not_of(" \n\t");
        start != std::string_view::npos && (code_[start] == '%' || code_[start] == '!'))
      read_magic(start);
    while (at_ < code_.size()) read_one();
  }

  // `%name`, `%%name` or `!`.
  void read_magic(size_t start) {
    at_ = start;
    while (at_ < code_.size() && (code_[at_] == '%' || code_[at_] == '!')) ++at_;
    if (code_[start] == '%')
      while (at_ < code_.size() && is_word(code_[at_])) ++at_;
    add(start, Colour::magic);
  }

  void read_one() {
    const char c = code_[at_];
    const size_t from = at_;
    const bool comment = c == '#' && (language_ != Language::shell || at_ == 0 ||
                                      !is_word(code_[at_ - 1]) || at_line_start());
    if (comment) {
      at_ = std::min(code_.find('\n', at_), code_.size());
      add(from, Colour::comment);
    } else if (c == '\'' || c == '"') {
      read_string(c);
      add(from, Colour::string);
    } else if (c == '\\') {
      at_ = std::min(at_ + 2, code_.size());
    } else if (is_word(c)) {
      read_word(from);
    } else {
      if (std::string_view("([{").find(c) != std::string_view::npos) ++depth;
      if (std::string_view(")]}").find(c) != std::string_view::npos) --depth;
      ++at_;
    }
  }

  void read_word(size_t from) {
    while (at_ < code_.size() &&
           (is_word(code_[at_]) || (is_digit(code_[from]) && code_[at_] == '.')))
      ++at_;
    const std::string_view word = code_.substr(from, at_ - from);
    words.push_back(word);
    if (is_digit(word[0])) return add(from, Colour::number);
    const bool is_member = from > 0 && code_[from - 1] == '.';
    const bool is_keyword = language_ == Language::python  ? is_among(kPython, word)
                            : language_ == Language::shell ? is_among(kShell, word)
                                                           : false;
    if (is_keyword && !is_member) add(from, Colour::keyword);
  }

  // A string of one line that lacks its end is a mistake that goes to the engine.
  void read_string(char quote) {
    const bool is_python = language_ == Language::python;
    const std::string triple(3, quote);
    const bool is_long = is_python && code_.substr(at_, 3) == triple;
    at_ += is_long ? 3 : 1;
    while (at_ < code_.size()) {
      if (is_long && code_.substr(at_, 3) == triple) return void(at_ += 3);
      if (!is_long && code_[at_] == quote) return void(++at_);
      if (!is_long && is_python && code_[at_] == '\n') return;
      const bool escapes = code_[at_] == '\\' && !(language_ == Language::shell && quote == '\'');
      at_ = std::min(at_ + (escapes ? 2 : 1), code_.size());
    }
    open_string = is_long || !is_python;
  }

  std::string_view code_;
  Language language_;
  size_t at_ = 0;
};

std::string_view last_line(std::string_view code) {
  const size_t end = code.rfind('\n');
  return end == std::string_view::npos ? code : code.substr(end + 1);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The code without the comments, and without blanks at the end.
std::string bare(std::string_view code, const std::vector<Span>& spans) {
  std::string text(code);
  for (auto span = spans.rbegin(); span != spans.rend(); ++span)
    if (span->colour == Colour::comment) text.erase(span->from, span->to - span->from);
  while (!text.empty() && is_blank(text.substr(text.size() - 1))) text.pop_back();
  return text;
}

bool python_is_complete(std::string_view code, const Reader& reader) {
  if (reader.open_string || reader.depth > 0) return false;
  if (code.ends_with('\\')) return false;
  const std::string text = bare(code, reader.spans);
  if (text.ends_with(':')) return false;
  // A block has a line that is indented, a decorator something to come.
  const std::string_view line = last_line(code);
  const bool has_block = code.find("\n ") != std::string_view::npos ||
                         code.find("\n\t") != std::string_view::npos ||
                         code.substr(code.find_first_not_of(" \n\t")).starts_with('@');
  const bool several = code.find('\n') != std::string_view::npos || code.starts_with('@');
  return !(several && has_block) || is_blank(line);
}

bool shell_is_complete(std::string_view code, const Reader& reader) {
  if (reader.open_string || reader.depth > 0 || code.ends_with('\\')) return false;
  const std::string text = bare(code, reader.spans);
  if (text.ends_with("&&") || text.ends_with("|")) return false;
  const auto count = [&](std::string_view word) {
    return std::count(reader.words.begin(), reader.words.end(), word);
  };
  return count("if") <= count("fi") && count("do") <= count("done") &&
         count("case") <= count("esac");
}

}  // namespace

Language language_of(std::string_view name) {
  const std::string text(name);
  if (::strcasecmp(text.c_str(), "python") == 0) return Language::python;
  if (text == "sh" || text == "bash") return Language::shell;
  return Language::other;
}

std::vector<Span> spans(std::string_view code, Language language) {
  return Reader(code, language).spans;
}

std::string paint(std::string_view code, Language language) {
  std::string text;
  size_t at = 0;
  for (const auto& span : spans(code, language)) {
    static constexpr std::string_view kCodes[] = {"0", "34", "32", "36", "90", "35"};
    const std::string begin = "\x1b[" + std::string(kCodes[static_cast<size_t>(span.colour)]) + "m";
    text += code.substr(at, span.from - at);
    text += begin;
    for (size_t i = span.from; i < span.to; ++i)
      text += code[i] == '\n' ? "\x1b[0m\n" + begin : std::string(1, code[i]);
    text += "\x1b[0m";
    at = span.to;
  }
  return text + std::string(code.substr(at));
}

bool is_complete(std::string_view code, Language language) {
  if (is_blank(code)) return true;
  const std::string_view start = code.substr(code.find_first_not_of(" \n\t"));
  if (start.starts_with("%%"))
    return code.find('\n') != std::string_view::npos && is_blank(last_line(code));
  if (start.starts_with('?') || code.ends_with('?')) return true;
  if (start.starts_with('!')) return is_complete(start.substr(1), Language::shell);
  if (start.starts_with('%')) return true;
  const Reader reader(code, language);
  if (language == Language::python) return python_is_complete(code, reader);
  if (language == Language::shell) return shell_is_complete(code, reader);
  return reader.depth <= 0 && !reader.open_string;
}

std::string next_indent(std::string_view code, Language language) {
  if (language != Language::python) return "";
  const std::string_view line = last_line(code);
  std::string indent(line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
  const Reader reader(code, language);
  if (reader.open_string) return "";
  const std::string text = bare(line, Reader(line, language).spans);
  if (text.ends_with(':')) return indent + "    ";
  for (const std::string_view word : {"return", "pass", "raise", "break", "continue"}) {
    const std::string_view rest = trim(text);
    const bool leaves = rest == word || rest.starts_with(std::string(word) + " ");
    if (leaves && indent.size() >= 4) return indent.substr(4);
  }
  return indent;
}

}  // namespace ipc::console
