// SPDX-License-Identifier: BSD-3-Clause
// Time: a steady clock for waiting, UTC text for the wire.
#include "libipc/util/clock.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace ipc {
namespace {

constexpr int64_t kMicros = 1'000'000;

// Days since 1970 and back, for the proleptic Gregorian calendar (era arithmetic: a year that
// begins in March makes leap days fall at its end).
int64_t days_from_civil(int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const unsigned yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + static_cast<int64_t>(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

/// Reads exactly `digits` digits of `text` and removes them; -1 if they are not there.
int take(std::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

Error bad_time(std::string_view text) {
  return {Code::bad_input, "not a time: '" + std::string(text) + "'", ""};
}

int64_t take_fraction(std::string_view& text) {
  int64_t micros = 0, scale = kMicros / 10;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9' && scale > 0; scale /= 10) {
    micros += (text[0] - '0') * scale;
    text.remove_prefix(1);
  }
  return micros;
}

}  // namespace

UnixMicros unix_now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::string iso8601(UnixMicros time) {
  int64_t fraction = time % kMicros;
  if (fraction < 0) fraction += kMicros;
  // Messages of the same second share all but the fraction.
  thread_local time_t second = -1;
  thread_local std::array<char, 48> text;
  thread_local size_t length = 0;
  const time_t whole = static_cast<time_t>((time - fraction) / kMicros);
  if (whole != second || length == 0) {
    tm parts{};
    gmtime_r(&whole, &parts);
    length = strftime(text.data(), 32, "%Y-%m-%dT%H:%M:%S", &parts);
    second = whole;
  }
  size_t n = length;
  if (fraction != 0) {
    text[n] = '.';
    for (size_t digit = 6; digit > 0; --digit, fraction /= 10)
      text[n + digit] = static_cast<char>('0' + fraction % 10);
    n += 7;
  }
  text[n++] = 'Z';
  return {text.data(), n};
}

Result<UnixMicros> parse_iso8601(std::string_view text) {
  const std::string_view whole = text;
  const int year = take(text, 4);
  const int month = skip(text, '-') ? take(text, 2) : -1;
  const int day = skip(text, '-') ? take(text, 2) : -1;
  const int hour = skip(text, 'T') ? take(text, 2) : -1;
  const int minute = skip(text, ':') ? take(text, 2) : -1;
  const int second = skip(text, ':') ? take(text, 2) : -1;
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 60)
    return bad_time(whole);
  int64_t micros = skip(text, '.') ? take_fraction(text) : 0;
  const int64_t days =
      days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  int64_t utc = ((days * 24 + hour) * 60 + minute) * 60 + second;
  if (text.empty()) {
    tm local{};
    local.tm_year = year - 1900, local.tm_mon = month - 1, local.tm_mday = day;
    local.tm_hour = hour, local.tm_min = minute, local.tm_sec = second, local.tm_isdst = -1;
    return static_cast<int64_t>(mktime(&local)) * kMicros + micros;
  }
  if (!skip(text, 'Z')) {
    const int sign = skip(text, '+') ? 1 : skip(text, '-') ? -1 : 0;
    const int hours = take(text, 2);
    skip(text, ':');
    const int minutes = take(text, 2);
    if (sign == 0 || hours < 0 || minutes < 0) return bad_time(whole);
    utc -= sign * (hours * 60 + minutes) * 60;
  }
  if (!text.empty()) return bad_time(whole);
  return utc * kMicros + micros;
}

Result<Duration> parse_duration(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const double factor = unit == "ms"                  ? 1e-3
                        : unit.empty() || unit == "s" ? 1
                        : unit == "m"                 ? 60
                        : unit == "h"                 ? 3600
                        : unit == "d"                 ? 86400
                                                      : 0;
  const double in_seconds = number * factor;
  if (error != std::errc() || factor == 0 || !(in_seconds >= 0) || in_seconds > 1e9)
    return Error{Code::usage, "not a duration: '" + std::string(text) + "'",
                 "write 250ms, 30s, 5m, 2h or 1d"};
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(in_seconds));
}

std::string seconds_text(Duration time) {
  const auto tenths = std::chrono::duration_cast<milliseconds>(time).count() / 100;
  const std::string fraction = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
  return std::to_string(tenths / 10) + fraction + " s";
}

}  // namespace ipc
