// SPDX-License-Identifier: BSD-3-Clause
// Lists of host names with ranges: "n[01-04,7],login".
#include "libipc/util/hostlist.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <unordered_map>

#include "libipc/util/text.hpp"

namespace ipc {

constexpr size_t kMostHosts = 1'000'000;
constexpr int kMostOnHost = 1'000'000;
constexpr size_t kLongestName = 255;  // as DNS has it

std::vector<std::string> split_outside_brackets(std::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] == ']' && depth > 0) --depth;
    if (text[i] != ',' || depth > 0) continue;
    parts.emplace_back(text.substr(from, i - from));
    from = i + 1;
  }
  if (!text.empty()) parts.emplace_back(text.substr(from));
  return parts;
}

static bool parse_number(std::string_view text, unsigned long& number) {
  if (text.empty() || text.size() > 9) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Appends the numbers of one "01-04" or "7", with the zeros of its first number.
static bool expand_range(const std::string& range, std::vector<std::string>& numbers) {
  const size_t dash = range.find('-');
  const std::string low = range.substr(0, dash);
  const std::string high = dash == std::string::npos ? low : range.substr(dash + 1);
  unsigned long first = 0, last = 0;
  if (!parse_number(low, first) || !parse_number(high, last) || last < first) return false;
  if (last - first >= kMostHosts - numbers.size()) return false;
  for (unsigned long n = first; n <= last; ++n) {
    std::string digits = std::to_string(n);
    if (digits.size() < low.size()) digits.insert(0, low.size() - digits.size(), '0');
    numbers.push_back(std::move(digits));
  }
  return true;
}

// Expands one name; several bracket parts multiply, at most `depth` of them.
static bool expand_name(const std::string& name, std::vector<std::string>& names,
                        unsigned depth = 8) {
  const size_t open = name.find('[');
  if (names.size() >= kMostHosts || depth == 0) return false;
  if (open == std::string::npos) {
    if (name.empty() || name.size() > kLongestName || name.find(']') != std::string::npos)
      return false;
    names.push_back(name);
    return true;
  }
  const size_t close = name.find(']', open);
  if (close == std::string::npos) return false;
  std::vector<std::string> numbers, tails;
  for (const auto& range : split(name.substr(open + 1, close - open - 1), ','))
    if (!expand_range(range, numbers)) return false;
  const std::string rest = name.substr(close + 1);
  if (rest.empty())
    tails.emplace_back();
  else if (!expand_name(rest, tails, depth - 1))
    return false;
  if (numbers.empty() || numbers.size() * tails.size() > kMostHosts - names.size()) return false;
  for (const auto& number : numbers)
    for (const auto& tail : tails) {
      names.emplace_back(name, 0, open).append(number).append(tail);
      if (names.back().size() > kLongestName) return false;
    }
  return true;
}

Result<std::vector<std::string>> expand_hostlist(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& part : split_outside_brackets(text))
    if (!expand_name(part, names))
      return Error{Code::usage, "'" + part + "' is not a host name or a range of them",
                   "write n[01-04,7]"};
  if (names.empty()) return Error{Code::usage, "no host names in '" + std::string(text) + "'", ""};
  return names;
}

// Where a host with its user stands in a list.
using Places = std::unordered_map<std::string, size_t>;

static Status add_host_counts(const std::string& word, std::vector<HostCount>& hosts,
                              Places& places) {
  HostCount host;
  const size_t at = word.find('@'), colon = word.rfind(':');
  const size_t from = at == std::string::npos ? 0 : at + 1;
  if (from > 0) host.user = word.substr(0, at);
  unsigned long count = 1;
  bool good = at != 0;
  if (colon != std::string::npos)
    good = good && parse_number(word.substr(colon + 1), count) && count >= 1 && count <= 100'000;
  const auto names = expand_hostlist(word.substr(from, colon == word.npos ? colon : colon - from));
  if (!good || !names || word.find_first_of("'\"\\$`;&|<>()/") != word.npos || word[from] == '-')
    return Error{Code::usage, "'" + word + "' is not a host with a count",
                 "write node[01-04]:2 or user@host"};
  host.count = static_cast<int>(count);
  for (const auto& name : *names) {
    host.name = name;
    const auto [place, is_new] = places.try_emplace(host.text(), hosts.size());
    if (is_new)
      hosts.push_back(host);
    else
      hosts[place->second].count += host.count;
    if (hosts[place->second].count > kMostOnHost || hosts.size() > kMostHosts)
      return Error{Code::usage, "'" + word + "' makes it too many", ""};
  }
  return {};
}

Result<std::vector<HostCount>> parse_host_counts(std::string_view text) {
  std::vector<HostCount> hosts;
  Places places;
  for (auto& part : split_outside_brackets(text)) {
    std::replace_if(
        part.begin(), part.end(), [](unsigned char c) { return std::isspace(c); }, ' ');
    for (const auto& word : split(part, ' '))
      if (!word.empty()) IPC_TRY(add_host_counts(word, hosts, places));
  }
  return hosts;
}

}  // namespace ipc
