// SPDX-License-Identifier: BSD-3-Clause
// Colours over a line that an editor shows without them.
#include "cmd/ipconsole/overlay.hpp"

#include <cwchar>

namespace ipconsole {

using ipc::console::Colour;
using ipc::console::Span;

namespace {

struct Place {
  size_t row = 0, column = 0;
};

std::string colour_of(Colour colour) {
  static constexpr const char* kCodes[] = {"0", "34", "32", "36", "90", "35"};
  return std::string("\x1b[") + kCodes[static_cast<size_t>(colour)] + "m";
}

std::string move(size_t count, char direction) {
  return count == 0 ? "" : "\x1b[" + std::to_string(count) + direction;
}

/// Follows the text over the screen; false if that cannot be done.
bool follow(const Shown& shown, Place& cursor, Place& end) {
  Place at{0, shown.prompt};
  std::mbstate_t state{};
  for (size_t i = 0; i < shown.text.size();) {
    if (i == shown.cursor) cursor = at;
    wchar_t c = 0;
    const size_t length = std::mbrtowc(&c, shown.text.data() + i, shown.text.size() - i, &state);
    if (length == 0 || length > shown.text.size()) return false;
    if (c != L'\n' && ::wcwidth(c) != 1) return false;
    i += length;
    if (c == L'\n' || ++at.column == shown.width) {
      at = {at.row + 1, 0};
      // There the terminal itself has not moved yet.
      if (c != L'\n' && i == shown.text.size()) return false;
    }
  }
  if (shown.cursor >= shown.text.size()) cursor = at;
  end = at;
  return end.row < shown.height;
}

}  // namespace

std::string overlay(const Shown& shown, const std::vector<Span>& spans, std::string_view text) {
  Place cursor, end;
  if (text.empty() || shown.prompt >= shown.width || !follow(shown, cursor, end)) return "";
  std::string bytes = "\r" + move(cursor.row, 'A') + move(shown.prompt, 'C');
  size_t next = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (next < spans.size() && spans[next].from == i) bytes += colour_of(spans[next].colour);
    if (text[i] == '\n')
      bytes += "\r\n";
    else
      bytes += text[i];
    if (next < spans.size() && spans[next].to == i + 1) {
      bytes += "\x1b[0m";
      ++next;
    }
  }
  return bytes + "\r" + move(end.row - cursor.row, 'A') + move(cursor.column, 'C');
}

}  // namespace ipconsole
