// SPDX-License-Identifier: BSD-3-Clause
// What the function that an ipyparallel client has pickled is called.
#include "libipc/engine/pickled_name.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

// Longer texts are no names; remembering each again and again would take memory without bound.
constexpr size_t kLongestName = 1000;

// Opcodes whose argument has a fixed size; those with none are not listed.
const std::map<char, size_t>& sizes() {
  static const std::map<char, size_t> table{{'\x80', 1}, {'\x95', 8}, {'K', 1},    {'M', 2},
                                            {'J', 4},    {'G', 8},    {'h', 1},    {'j', 4},
                                            {'q', 1},    {'r', 4},    {'\x82', 1}, {'\x83', 2}};
  return table;
}

// Opcodes with a length of so many bytes, and then so much; of texts, bytes and long integers.
const std::map<char, size_t>& lengths() {
  static const std::map<char, size_t> table{{'\x8c', 1}, {'X', 4},   {'\x8d', 8}, {'C', 1},
                                            {'B', 4},    {'U', 1},   {'T', 4},    {'\x8e', 8},
                                            {'\x8a', 1}, {'\x8b', 4}};
  return table;
}

class Reader {
 public:
  explicit Reader(std::string_view pickle) : rest_(pickle) {}

  std::string name() {
    while (!rest_.empty() && !name_) {
      const char op = rest_.front();
      rest_.remove_prefix(1);
      if (op == '.' || !step(op)) return "";
    }
    return name_.value_or("");
  }

 private:
  static bool is_text(char op) {
    return op == '\x8c' || op == 'X' || op == '\x8d' || op == 'U' || op == 'T';
  }

  bool take(size_t count, std::string_view& bytes) {
    if (rest_.size() < count) return false;
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }

  static std::uint64_t number(std::string_view bytes) {
    std::uint64_t value = 0;
    for (size_t i = bytes.size(); i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  }

  // False at what cannot be passed over.
  bool step(char op) {
    std::string_view bytes;
    if (const auto length = lengths().find(op); length != lengths().end()) {
      if (!take(length->second, bytes) || !take(number(bytes), bytes)) return false;
      const bool may_be_name = is_text(op) && bytes.size() <= kLongestName;
      push(may_be_name ? std::optional<std::string>(bytes) : std::nullopt);
      return true;
    }
    if (op == 'c') return global();
    const auto size = sizes().find(op);
    if (size != sizes().end() && !take(size->second, bytes)) return false;
    if (op == '\x94') memo_[memo_.size()] = last_;
    if (op == 'q' || op == 'r') memo_[number(bytes)] = last_;
    if (op == 'h' || op == 'j')
      push(remembered(number(bytes)));
    else if (op == '\x93')
      found(before_.value_or(""), last_.value_or(""));
    else if (op != '\x94' && op != 'q' && op != 'r' && op != '\x80' && op != '\x95')
      push({});
    return true;
  }

  std::optional<std::string> remembered(std::uint64_t place) const {
    const auto found = memo_.find(place);
    return found == memo_.end() ? std::nullopt : found->second;
  }

  // GLOBAL: module and name, each a line.
  bool global() {
    const size_t line = rest_.find('\n'), end = rest_.find('\n', line + 1);
    if (line == std::string_view::npos || end == std::string_view::npos) return false;
    found(rest_.substr(0, line), rest_.substr(line + 1, end - line - 1));
    rest_.remove_prefix(end + 1);
    return true;
  }

  // The first is what all of it is about.
  void found(std::string_view module, std::string_view name) {
    const bool is_first = !class_;
    const std::string what(name);
    push({});
    if (!is_first) return;
    class_ = what;
    if (module.find("canning") == std::string_view::npos) name_ = what;
  }

  void push(std::optional<std::string> text) {
    const bool wanted = last_ == "__name__" || (class_ == "Reference" && last_ == "name");
    if (wanted && text) name_ = text;
    before_ = std::exchange(last_, std::move(text));
  }

  std::string_view rest_;
  std::optional<std::string> last_, before_;  // of what was pushed, if it was a text
  std::optional<std::string> class_, name_;
  std::map<std::uint64_t, std::optional<std::string>> memo_;
};

}  // namespace

std::string pickled_name(std::string_view pickle) {
  std::string name = Reader(pickle).name();
  return is_utf8(name) ? name : "";
}

}  // namespace ipc::engine
