// SPDX-License-Identifier: BSD-3-Clause
// Text of charts and pages: escaped, and numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ipreport {

/// Text inside an element or a quoted attribute, of HTML and XML: what has a meaning there is
/// escaped; control characters but newline and tab, which XML cannot have, and invalid UTF-8 become
/// U+FFFD.
std::string escape(std::string_view text);

/// At most `most` characters of its first line; `…` says that there is more.
std::string shorten(std::string_view text, size_t most);

/// `850 µs`, `12.3 ms`, `4.20 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`.
std::string time_text(double seconds);
/// `1,234,567`
std::string count_text(std::uint64_t count);
/// `87%`, `0.4%`
std::string percent_text(double share);
/// `12.3`: at most one digit behind the point. A place in a drawing.
std::string place(double value);
/// `168`, `10.7`: three digits that count.
std::string rate_text(double rate);
/// Six digits that count.
std::string number_text(double value);

/// A drawing, as the inside of an <svg>.
struct Chart {
  double width = 0, height = 0;
  std::string body;
  bool empty() const { return body.empty(); }
};

/// `<text …>`; `more` are further attributes.
std::string text_mark(double x, double y, std::string_view text, std::string_view more = "");
/// `<rect …/>`, or with its `title`, if there is one.
std::string rect_mark(double x, double y, double width, double height, std::string_view css,
                      std::string_view title = "");
std::string line_mark(double x1, double y1, double x2, double y2, std::string_view css);

}  // namespace ipreport
