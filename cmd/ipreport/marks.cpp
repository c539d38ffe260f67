// SPDX-License-Identifier: BSD-3-Clause
// Text of charts and pages: escaped, and numbers as people read them.
#include "cmd/ipreport/marks.hpp"

#include <cmath>
#include <cstdio>

#include "libipc/util/text.hpp"

namespace ipreport {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, pattern, arguments...);
  return std::string(text, static_cast<size_t>(std::min(length, 63)));
}

// Bytes of the character that begins here; 0 if it is none.
size_t character(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (ipc::is_utf8(text.substr(0, length))) return length;
  return 0;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (byte >= 0x80) {
      const size_t length = character(text.substr(i));
      // U+FFFE and U+FFFF are valid UTF-8 and no XML.
      const std::string_view whole = text.substr(i, length);
      const bool bad = length == 0 || whole == "\xef\xbf\xbe" || whole == "\xef\xbf\xbf";
      out += bad ? kReplacement : whole;
      if (length > 1) i += length - 1;
    } else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      out += kReplacement;
    } else {
      out += c;
    }
  }
  return out;
}

std::string shorten(std::string_view text, size_t most) {
  const std::string_view line = text.substr(0, text.find('\n'));
  size_t at = 0, characters = 0;
  while (at < line.size() && characters < most) {
    at += std::max<size_t>(character(line.substr(at)), 1);
    ++characters;
  }
  if (at >= line.size() && line.size() == text.size()) return std::string(line);
  if (at >= line.size()) return std::string(line) + "…";
  // The mark takes the place of the last one.
  at = characters = 0;
  while (characters + 1 < most) {
    at += std::max<size_t>(character(line.substr(at)), 1);
    ++characters;
  }
  return std::string(line.substr(0, at)) + "…";
}

std::string time_text(double seconds) {
  if (seconds <= 0) return "0 s";
  if (seconds < 0.9995e-3) return format("%.0f µs", seconds * 1e6);
  if (seconds < 0.9995) return format(seconds < 0.00995 ? "%.1f ms" : "%.0f ms", seconds * 1e3);
  if (seconds < 9.995) return format("%.2f s", seconds);
  if (seconds < 59.95) return format("%.1f s", seconds);
  const auto whole = std::llround(std::min(seconds, 1e12));
  if (whole < 3600) return format("%lld m %02lld s", whole / 60, whole % 60);
  if (whole < 86400) return format("%lld h %02lld m", whole / 3600, whole / 60 % 60);
  return format("%lld d %lld h", whole / 86400, whole / 3600 % 24);
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string percent_text(double share) {
  return format(share > 0 && share < 0.0995 ? "%.1f%%" : "%.0f%%", share * 100);
}

std::string place(double value) {
  std::string text = format("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string rate_text(double rate) {
  return rate >= 100 ? count_text(static_cast<std::uint64_t>(std::min(rate, 1e15) + 0.5))
                     : format("%.3g", rate);
}

std::string number_text(double value) {
  return format("%.6g", value);
}

std::string text_mark(double x, double y, std::string_view text, std::string_view more) {
  return "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\"" + (more.empty() ? "" : " ") +
         std::string(more) + ">" + escape(text) + "</text>\n";
}

std::string rect_mark(double x, double y, double width, double height, std::string_view css,
                      std::string_view title) {
  const std::string begin = "<rect class=\"" + std::string(css) + "\" x=\"" + place(x) + "\" y=\"" +
                            place(y) + "\" width=\"" + place(width) + "\" height=\"" +
                            place(height) + "\"";
  if (title.empty()) return begin + "/>\n";
  return begin + "><title>" + escape(title) + "</title></rect>\n";
}

std::string line_mark(double x1, double y1, double x2, double y2, std::string_view css) {
  return "<line class=\"" + std::string(css) + "\" x1=\"" + place(x1) + "\" y1=\"" + place(y1) +
         "\" x2=\"" + place(x2) + "\" y2=\"" + place(y2) + "\"/>\n";
}

}  // namespace ipreport
