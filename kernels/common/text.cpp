// SPDX-License-Identifier: BSD-3-Clause
// text.cpp: bytes as JSON text, lists, names.
#include "kernels/common/text.hpp"

#include <signal.h>

#include <cstdio>
#include <cstring>

namespace ipkit::kernel {

namespace {

bool continues(std::string_view text, size_t from, size_t count) {
  for (size_t i = from; i < from + count; ++i) {
    if (i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      return false;
    }
  }
  return true;
}

/// Length of the UTF-8 character at `at`, 0 if there is none.
size_t character_size(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const auto second = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first < 0xe0) {
    return continues(text, at + 1, 1) ? 2 : 0;
  }
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second >= 0xa0;
    return !overlong && !surrogate && continues(text, at + 1, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool outside = (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
    return !outside && continues(text, at + 1, 3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, unsigned char c, unsigned base) {
  char text[8];
  snprintf(text, sizeof text, "\\u%04x", base + c);
  out += text;
}

}  // namespace

std::string json_string(std::string_view bytes) {
  std::string out = "\"";
  for (size_t at = 0; at < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[at]);
    const size_t size = character_size(bytes, at);
    if (size == 0) {
      append_escaped(out, c, 0xdc00);
    } else if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20) {
      append_escaped(out, c, 0);
    } else {
      out += bytes.substr(at, size);
    }
    at += size > 0 ? size : 1;
  }
  return out + "\"";
}

std::string json_list(const std::vector<std::string_view>& items) {
  std::string out = "[";
  for (std::string_view item : items) {
    out += out.size() > 1 ? ", " : "";
    out += json_string(item);
  }
  return out + "]";
}

std::vector<std::string_view> split(std::string_view data, char end) {
  std::vector<std::string_view> parts;
  while (!data.empty()) {
    const size_t size = data.find(end);
    parts.push_back(data.substr(0, size));
    data.remove_prefix(size == std::string_view::npos ? data.size() : size + 1);
  }
  return parts;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.starts_with("__ipkit_") || (text[0] >= '0' && text[0] <= '9')) {
    return false;
  }
  const char* allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string signal_name(int number) {
  const bool known = number > 0 && number < NSIG && sigabbrev_np(number) != nullptr;
  return known ? sigdescr_np(number) : "";
}

}  // namespace ipkit::kernel
