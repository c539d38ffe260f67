// SPDX-License-Identifier: BSD-3-Clause
// Columns of text.
#include "libipc/cli/table.hpp"

#include <algorithm>

namespace ipc::cli {
namespace {

std::string clean(const std::string& cell) {
  if (cell.empty()) return "-";
  std::string text = cell;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

// Characters, not bytes: what is aligned is what is seen.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(clean(row[i])));
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string cell = clean(row[i]);
      const std::string space(widths[i] - width(cell), ' ');
      const bool is_right = std::find(right.begin(), right.end(), i) != right.end();
      text += is_right ? space + cell : i + 1 < row.size() ? cell + space : cell;
      if (i + 1 < row.size()) text += "  ";
    }
    text += '\n';
  }
  return text;
}

}  // namespace ipc::cli
