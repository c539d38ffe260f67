// SPDX-License-Identifier: BSD-3-Clause
// Lines of Python, as far as they are `c.Class.trait = literal`.
#include "libipc/config/trait_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::config {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != characters.npos;
}

// Where the string literal that begins at `at` ends; npos if none begins there or it does not end.
size_t end_of_string(std::string_view text, size_t at) {
  size_t quote = at;
  while (quote < text.size() && quote < at + 2 && is_one_of(text[quote], "bBuUrR")) ++quote;
  if (quote >= text.size() || (text[quote] != '\'' && text[quote] != '"')) return text.npos;
  for (size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == text[quote])
      return i + 1;
  }
  return text.npos;
}

char escaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    default:
      return c;
  }
}

/// What stands in brackets, numbers and names of constants included; its end, npos if it is none.
/// `depth` > 0 where a line ends means that the next one goes on.
struct Scanner {
  std::string_view text;
  int depth = 0;
  bool good = true;

  // Returns the text up to a comment or the end.
  std::string_view value() {
    size_t at = 0;
    while (at < text.size() && text[at] != '#') {
      const char c = text[at];
      if (const size_t end = end_of_string(text, at); end != text.npos) {
        at = end;
        continue;
      }
      if (c == '[' || c == '(')
        ++depth;
      else if (c == ']' || c == ')')
        --depth;
      else if (!is_word(c) && !is_one_of(c, " \t,.+-"))
        good = false;
      ++at;
    }
    return trim(text.substr(0, at));
  }
};

bool is_scalar(std::string_view text) {
  if (text.empty()) return false;
  if (end_of_string(text, 0) == text.size()) return true;
  if (text == "True" || text == "False" || text == "None") return true;
  bool digits = false;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0)
      digits = true;
    else if (!is_one_of(c, "+-._eE"))
      return false;
  }
  return digits;
}

bool is_literal(std::string_view text) {
  const bool list = text.starts_with('[') && text.ends_with(']');
  const bool tuple = text.starts_with('(') && text.ends_with(')');
  if (!list && !tuple) return is_scalar(text);
  auto items = split(text.substr(1, text.size() - 2), ',');
  if (!items.empty() && trim(items.back()).empty()) items.pop_back();
  return std::all_of(items.begin(), items.end(),
                     [](const std::string& item) { return is_scalar(trim(item)); });
}

// `c.Class.trait`; empty if the text is not that.
std::string_view trait_name(std::string_view text) {
  if (!text.starts_with("c.")) return {};
  text.remove_prefix(2);
  const size_t dot = text.find('.');
  const auto words = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), is_word);
  };
  if (dot == text.npos || !words(text.substr(0, dot)) || !words(text.substr(dot + 1))) return {};
  return text;
}

/// Reads statement by statement.
class Reader {
 public:
  Reader(std::string_view text, std::string name)
      : lines_(split(text, '\n')), name_(std::move(name)) {}

  TraitFile read() {
    while (at_ < lines_.size()) {
      const std::string line = lines_[at_++];
      const std::string_view words = trim(line);
      if (words.empty() || words[0] == '#' || is_harmless(words)) continue;
      const std::string origin = name_ + ":" + std::to_string(at_);
      // What is indented belongs to a statement that may not apply.
      auto setting = words.data() == line.data() ? assignment(words) : std::nullopt;
      if (setting) {
        setting->origin = origin;
        file_.lines.push_back(*std::move(setting));
      } else {
        file_.not_understood.push_back(origin);
      }
    }
    return std::move(file_);
  }

 private:
  // Every generated file begins so.
  static bool is_harmless(std::string_view words) {
    words = trim(words.substr(0, words.find('#')));
    return words == "c = get_config()" || words == "c=get_config()";
  }

  std::optional<TraitLine> assignment(std::string_view words) {
    const size_t equals = words.find('=');
    if (equals == words.npos) return std::nullopt;
    const auto name = trait_name(trim(words.substr(0, equals)));
    if (name.empty()) return std::nullopt;
    std::string value, rest(words.substr(equals + 1));
    for (int depth = 0;;) {
      Scanner scanner{rest, depth};
      value += scanner.value();
      if (!scanner.good) return std::nullopt;
      depth = scanner.depth;
      if (depth <= 0 || at_ == lines_.size()) break;
      rest = lines_[at_++];
    }
    if (!is_literal(value)) return std::nullopt;
    return TraitLine{std::string(name), unquoted(value), ""};
  }

  std::vector<std::string> lines_;
  std::string name_;
  size_t at_ = 0;
  TraitFile file_;
};

}  // namespace

std::string unquoted(std::string_view text) {
  if (end_of_string(text, 0) != text.size()) return std::string(text);
  const size_t quote = text.find_first_of("'\"");
  const std::string_view prefix = text.substr(0, quote);
  const bool raw = prefix.find_first_of("rR") != prefix.npos;
  std::string value;
  for (size_t i = quote + 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && !raw)
      value += escaped(text[++i]);
    else
      value += text[i];
  }
  return value;
}

TraitFile parse_trait_file(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

Result<TraitFile> read_trait_file(const std::string& path) {
  IPC_TRY(check_ours(path));
  IPC_TRY_ASSIGN(const std::string text, read_file(path, 1 << 20));
  return parse_trait_file(text, display_path(path));
}

std::vector<std::string> trait_files(const ClusterName& cluster, const std::string& name,
                                     const std::string& more) {
  std::vector<std::string> files;
  for (const std::string& directory :
       {std::string("/etc/ipython"), std::string("/usr/local/etc/ipython"), cluster.profile_dir})
    if (::access((directory + "/" + name).c_str(), F_OK) == 0)
      files.push_back(directory + "/" + name);
  if (!more.empty()) files.push_back(more);
  return files;
}

}  // namespace ipc::config
