// SPDX-License-Identifier: BSD-3-Clause
// The fields of one flat JSON object, in a single pass over its text.
//
// A message has six such texts on its way, of a few hundred bytes: here the few fields that are
// needed are found, and nothing is allocated. Whoever needs the whole parses it (json.hpp).
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "libipc/util/text.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::wire {
namespace {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");

constexpr std::string_view kUnknown = "\xef\xbf\xbd";  // for half of a surrogate pair

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The first byte from `at` on that is not plain text of a string: its end, an escape, a control
/// character. Eight are looked at together.
char* skip_plain(char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighBits = 0x80 * kOnes;
  // The lowest byte that is marked is right, and no other is needed.
  const auto zeros = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  for (std::uint64_t bytes; end - at >= 8; at += 8) {
    std::memcpy(&bytes, at, sizeof bytes);
    const std::uint64_t found = (zeros(bytes ^ kOnes * '"') | zeros(bytes ^ kOnes * '\\') |
                                 ((bytes - kOnes * 0x20) & ~bytes)) &
                                kHighBits;
    if (found != 0) return at + std::countr_zero(found) / 8;
  }
  while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

/// Writes a code point as UTF-8; where that ends.
char* put_utf8(char* out, unsigned long code) {
  const auto put = [&](unsigned long byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  }
  return out;
}

/// Takes one value after the other from a text. After a false its place means nothing.
class Scanner {
 public:
  explicit Scanner(std::string& text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// True if `c` comes next, which is taken then.
  bool take(char c) {
    skip_space();
    return at_ < end_ && *at_ == c && (++at_, true);
  }
  bool at_end() {
    skip_space();
    return at_ == end_;
  }

  /// A string without its quotes; its escapes are resolved in place.
  bool string(std::string_view& text) {
    if (!take('"')) return false;
    char* const begin = at_;
    char* out = at_ = skip_plain(at_, end_);
    while (at_ < end_ && *at_ == '\\') {
      if (!take_escape(out)) return false;
      char* const plain = std::exchange(at_, skip_plain(at_, end_));
      out = std::copy(plain, at_, out);
    }
    text = {begin, static_cast<size_t>(out - begin)};
    return at_ < end_ && *at_++ == '"';
  }

  /// The text of any value as it stands; of objects and lists only the ends are looked for.
  bool raw(std::string_view& text) {
    skip_space();
    char* const begin = at_;
    if (at_ == end_) return false;
    if (*at_ == '"') {
      if (!skip_string()) return false;
    } else if (*at_ == '{' || *at_ == '[') {
      if (!skip_nested()) return false;
    } else {
      while (at_ < end_ && !is_space(*at_) && !is_mark(*at_)) ++at_;
    }
    text = {begin, static_cast<size_t>(at_ - begin)};
    return !text.empty();
  }

  bool comes_string() {
    skip_space();
    return at_ < end_ && *at_ == '"';
  }

 private:
  static bool is_mark(char c) {
    return c == ',' || c == '}' || c == ']' || c == ':' || c == '{' || c == '[' || c == '"';
  }
  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }

  bool skip_string() {
    at_ = skip_plain(at_ + 1, end_);
    while (end_ - at_ >= 2 && *at_ == '\\') at_ = skip_plain(at_ + 2, end_);
    return at_ < end_ && *at_++ == '"';
  }

  bool skip_nested() {
    for (size_t depth = 0; at_ < end_;) {
      const char c = *at_;
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  /// The four digits of \uXXXX.
  bool take_hex(unsigned long& code) {
    code = 0;
    if (end_ - at_ < 4) return false;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      const char* const digits = "0123456789abcdef";
      const char* const found = c == '\0' ? nullptr : std::strchr(digits, c | (c >= 'A' ? 32 : 0));
      if (found == nullptr) return false;
      code = code << 4 | static_cast<unsigned long>(found - digits);
    }
    return true;
  }

  /// What a backslash stands for, which is never longer than how it is written.
  bool take_escape(char*& out) {
    if (end_ - at_ < 2) return false;
    const char c = at_[1];
    at_ += 2;
    static constexpr std::string_view kShort = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (const size_t i = kShort.find(c); i != std::string_view::npos) {
      *out++ = kMeant[i];
      return true;
    }
    unsigned long code, low;
    if (c != 'u' || !take_hex(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
      char* const second = at_;
      at_ += 2;
      if (!take_hex(low)) return false;
      if (low >= 0xdc00 && low < 0xe000)
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      else
        at_ = second;  // a character of its own
    }
    if (code >= 0xd800 && code < 0xe000)
      out = std::copy(kUnknown.begin(), kUnknown.end(), out);
    else
      out = put_utf8(out, code);
    return true;
  }

  char* at_;
  char* const end_;
};

/// Calls `take(key, scanner)` for each field, which takes its value and returns false to end it.
/// False if it did, or the text is no object.
template <typename Take>
bool each_field(std::string& text, const Take& take) {
  if (!is_utf8(text)) return false;
  Scanner scanner(text);
  if (!scanner.take('{')) return false;
  if (scanner.take('}')) return scanner.at_end();
  do {
    std::string_view key;
    if (!scanner.string(key) || !scanner.take(':') || !take(key, scanner)) return false;
  } while (scanner.take(','));
  return scanner.take('}') && scanner.at_end();
}

}  // namespace

Result<Header> FieldParser::header(std::string_view json) {
  Header header;
  bool is_string = true;
  text_.assign(json);
  const bool whole = each_field(text_, [&](std::string_view key, Scanner& scanner) {
    std::string_view* const field = key == "msg_id"     ? &header.msg_id
                                    : key == "msg_type" ? &header.msg_type
                                    : key == "session"  ? &header.session
                                    : key == "username" ? &header.username
                                    : key == "date"     ? &header.date
                                                        : nullptr;
    std::string_view other;
    if (field == nullptr) return scanner.raw(other);
    is_string = scanner.comes_string();
    return scanner.string(*field);
  });
  if (!is_string) return Error{Code::bad_input, "header field is not a string", ""};
  if (!whole) return Error{Code::bad_input, "header is not JSON", ""};
  if (header.msg_id.empty() || header.msg_type.empty())
    return Error{Code::bad_input, "header without msg_id or msg_type", ""};
  return header;
}

std::string_view FieldParser::field(std::string_view json, std::string_view key) {
  std::string_view value;
  text_.assign(json);
  each_field(text_, [&](std::string_view name, Scanner& scanner) {
    std::string_view other;
    if (name != key) return scanner.raw(other);
    if (!(scanner.comes_string() ? scanner.string(other) : scanner.raw(other))) return false;
    value = other;
    return false;  // the first one counts
  });
  return value;
}

bool FieldParser::raw_fields(std::string_view json, std::span<const std::string_view> keys,
                             std::span<std::string_view> values) {
  for (auto& value : values) value = {};
  if (json == "{}") return true;
  text_.assign(json);
  return each_field(text_, [&](std::string_view key, Scanner& scanner) {
    std::string_view value;
    if (!scanner.raw(value)) return false;
    const auto found = std::ranges::find(keys, key);
    if (found != keys.end()) values[static_cast<size_t>(found - keys.begin())] = value;
    return true;
  });
}

}  // namespace ipc::wire
