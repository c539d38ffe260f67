// SPDX-License-Identifier: BSD-3-Clause
// Sets of engine ids as text: "0-3,7".
#include "libipc/util/idset.hpp"

#include <algorithm>
#include <charconv>

#include "libipc/util/text.hpp"

namespace ipc {

constexpr size_t kMostIds = 1'000'000;

static void sort_unique(std::vector<int>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

std::string format_idset(std::span<const int> ids) {
  std::vector<int> sorted(ids.begin(), ids.end());
  sort_unique(sorted);
  std::string text;
  for (size_t i = 0; i < sorted.size();) {
    size_t last = i;
    while (last + 1 < sorted.size() && sorted[last + 1] == sorted[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(sorted[i]);
    if (last > i) text += '-' + std::to_string(sorted[last]);
    i = last + 1;
  }
  return text;
}

static bool parse_id(std::string_view text, int& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() && id >= 0 && text[0] != '+';
}

Result<std::vector<int>> parse_idset(std::string_view text) {
  std::vector<int> ids;
  for (const auto& part : split(text, ',')) {
    const size_t dash = part.find('-', 1);
    int first = 0, last = 0;
    const bool good = dash == std::string::npos
                          ? parse_id(part, first) && (last = first, true)
                          : parse_id(std::string_view(part).substr(0, dash), first) &&
                                parse_id(std::string_view(part).substr(dash + 1), last);
    if (!good || last < first || static_cast<size_t>(last - first) >= kMostIds - ids.size())
      return Error{Code::usage, "'" + part + "' is not an id or a range of ids", "write 0-3,7"};
    // Not up to `last`: there is nothing above the largest number.
    for (int n = 0; n <= last - first; ++n) ids.push_back(first + n);
  }
  if (ids.empty())
    return Error{Code::usage, "no ids in '" + std::string(text) + "'", "write 0-3,7"};
  sort_unique(ids);
  return ids;
}

}  // namespace ipc
