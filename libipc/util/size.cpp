// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/util/size.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace ipc {

Result<std::uint64_t> parse_size(std::string_view text) {
  const Error wrong{Code::usage, "'" + std::string(text) + "' is not a size",
                    "write 500M, 2G or a number of bytes"};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return wrong;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  int power = 0;
  if (!unit.empty()) {
    constexpr std::string_view kUnits = "KMGT";
    const auto at = kUnits.find(unit.front() == 'k' ? 'K' : unit.front());
    if (at != std::string_view::npos) {
      power = static_cast<int>(at) + 1;
      unit.remove_prefix(1);
    }
    if (!(unit.empty() || unit == "B" || (power > 0 && unit == "iB"))) return wrong;
  }
  const double bytes = std::ldexp(number, 10 * power);
  if (bytes < 1 || bytes >= std::ldexp(1.0, 63)) return wrong;
  return static_cast<std::uint64_t>(bytes);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "kB", "MB", "GB", "TB"};
  double number = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; number >= 1024 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && number < 10 ? "%.1f %s" : "%.0f %s", number,
                kUnits[unit]);
  return text.data();
}

}  // namespace ipc
