// SPDX-License-Identifier: BSD-3-Clause
// When a map ends before its input does.
#include "cmd/ipmap/halt.hpp"

#include <charconv>

namespace ipmap {

// Fewer failures say nothing of how many there will be.
constexpr std::uint64_t kLeastFailures = 3;

// True if `part` is at least so many percent of `whole`.
static bool is_share(std::uint64_t part, unsigned percent, std::uint64_t whole) {
  return part * 100 >= percent * whole;
}

bool Halt::reached(std::uint64_t done, std::uint64_t failed, std::uint64_t total) const {
  const std::uint64_t counted = what == What::fail      ? failed
                                : what == What::success ? done - failed
                                                        : done;
  if (what == What::never) return false;
  if (percent == 0) return counted >= count;
  if (what == What::fail) return failed >= kLeastFailures && is_share(failed, percent, done);
  return is_share(counted, percent, total);
}

// Sets what is counted by the word before `=`.
static bool read_what(std::string_view word, Halt& halt) {
  if (word == "fail") halt.what = Halt::What::fail;
  if (word == "success") halt.what = Halt::What::success;
  if (word == "done") halt.what = Halt::What::done;
  return halt.what != Halt::What::never;
}

ipc::Result<Halt> parse_halt(const std::string& text) {
  Halt halt;
  if (text == "never") return halt;
  const ipc::Error wrong{
      ipc::Code::usage,
      "--halt: '" + text +
          "' is not never, nor now or soon,fail=N, success=N, done=N, each also N%",
      "as in --halt now,fail=1"};
  const size_t comma = text.find(',');
  const size_t equal = text.find('=');
  const std::string when = text.substr(0, comma);
  if ((when != "now" && when != "soon") || equal == std::string::npos || equal < comma)
    return wrong;
  halt.now = when == "now";
  if (!read_what(std::string_view(text).substr(comma + 1, equal - comma - 1), halt)) return wrong;
  std::string number = text.substr(equal + 1);
  const bool percent = number.ends_with('%');
  if (percent) number.pop_back();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || value == 0) return wrong;
  if (percent && value > 100) return wrong;
  if (percent)
    halt.percent = static_cast<unsigned>(value);
  else
    halt.count = value;
  return halt;
}

}  // namespace ipmap
