// SPDX-License-Identifier: BSD-3-Clause
// The log of a daemon: one line per event, time first.
#include "libipc/util/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>

#include "libipc/util/clock.hpp"

namespace ipc::log {
namespace {

int log_fd = -1;
std::atomic<int> threshold{static_cast<int>(Level::off)};
std::string log_name;

const char* level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    default:
      return "error";
  }
}

}  // namespace

void open(int fd, Level level, std::string name) {
  log_fd = fd;
  log_name = std::move(name);
  threshold = static_cast<int>(level);
}

bool enabled(Level level) {
  return static_cast<int>(level) >= threshold;
}

void write(Level level, std::string_view text) {
  if (!enabled(level) || log_fd < 0) return;
  std::string line = iso8601(unix_now()) + " " + log_name + " " + level_name(level) + ": ";
  line += text;
  // A peer's text may hold line ends; a log line must not be forged by them.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  line += '\n';
  // A full disk must not stop a daemon: the line is lost, and that is all.
  [[maybe_unused]] const ssize_t n = ::write(log_fd, line.data(), line.size());
}

void Throttle::warning(std::string_view text) {
  constexpr unsigned kLinesPerSecond = 10;
  const long now = static_cast<long>(unix_now() / 1000000);
  if (now != second_) {
    if (suppressed_ > 0) log::warning(std::to_string(suppressed_) + " more lines like these");
    second_ = now;
    lines_ = suppressed_ = 0;
  }
  if (++lines_ <= kLinesPerSecond)
    log::warning(text);
  else
    ++suppressed_;
}

Result<Level> parse_level(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size())
    return number <= 10   ? Level::debug
           : number <= 20 ? Level::info
           : number <= 30 ? Level::warning
                          : Level::error;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "debug") return Level::debug;
  if (lower == "info") return Level::info;
  if (lower == "warn" || lower == "warning") return Level::warning;
  if (lower == "error" || lower == "critical") return Level::error;
  return Error{Code::usage, "unknown log level '" + std::string(text) + "'",
               "debug, info, warning or error"};
}

}  // namespace ipc::log
