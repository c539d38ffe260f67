// SPDX-License-Identifier: BSD-3-Clause
// How far work that takes long has come: a line at the bottom of a terminal, or plain lines.
#include "libipc/cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "libipc/cli/program.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::cli {

constexpr auto kInterval = milliseconds(100), kPlainInterval = milliseconds(10'000);
// What is over sooner is not worth a line.
constexpr auto kPatience = seconds(1);

static std::string time_text(Duration time) {
  const auto all = std::chrono::duration_cast<seconds>(time).count();
  const auto two = [](long long n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (all < 3600) return std::to_string(all / 60) + ":" + two(all % 60);
  return std::to_string(all / 3600) + ":" + two(all / 60 % 60) + ":" + two(all % 60);
}

static std::string bar_text(std::uint64_t done, std::uint64_t total, int width) {
  const auto filled =
      static_cast<size_t>(static_cast<double>(done) / static_cast<double>(total) * width);
  return "[" + std::string(filled, '#') + std::string(static_cast<size_t>(width) - filled, ' ') +
         "] ";
}

static std::string amount_text(double amount, bool bytes) {
  constexpr const char* kUnits[] = {" kB", " MB", " GB", " TB"};
  char text[40];
  if (!bytes) {
    std::snprintf(text, sizeof text, amount < 9.95 ? "%.1f" : "%.0f", amount);
    return text;
  }
  size_t unit = 0;
  for (amount /= 1e3; amount >= 999.5 && unit + 1 < std::size(kUnits); ++unit) amount /= 1e3;
  std::snprintf(text, sizeof text, amount < 9.95 ? "%.1f%s" : "%.0f%s", amount, kUnits[unit]);
  return text;
}

static std::string counted(std::uint64_t count, bool bytes) {
  return bytes ? amount_text(static_cast<double>(count), true) : std::to_string(count);
}

// Behind the time: how fast it goes, and how long it will.
static std::string outlook(const ProgressState& state) {
  const double seconds = std::chrono::duration<double>(state.elapsed).count();
  if (state.done == 0 || seconds <= 0) return "";
  std::string text =
      ", " + amount_text(static_cast<double>(state.done) / seconds, state.bytes) + "/s";
  if (state.total == 0 || state.done > state.total) return text;
  const double left =
      static_cast<double>(state.total - state.done) / static_cast<double>(state.done);
  return text + ", " + time_text(std::chrono::duration_cast<Duration>(state.elapsed * left)) +
         " left";
}

std::string progress_line(const ProgressState& state, bool bar, bool eta, int columns) {
  std::string text = counted(state.done, state.bytes);
  if (state.total > 0)
    text +=
        "/" + counted(state.total, state.bytes) + " " +
        std::to_string(static_cast<int>(100.0 * static_cast<double>(state.done) /
                                        static_cast<double>(std::max(state.total, state.done)))) +
        "%";
  if (state.failed > 0) text += ", " + std::to_string(state.failed) + " failed";
  text += "  " + time_text(state.elapsed);
  if (eta) text += outlook(state);
  const int room = columns - static_cast<int>(text.size()) - 4;
  if (bar && state.total > 0 && room >= 10)
    text = bar_text(state.done, std::max(state.total, state.done), std::min(room, 40)) + text;
  return text.substr(0, static_cast<size_t>(std::max(columns - 1, 1)));
}

Progress::Progress(bool bar, bool eta, bool plain) : bar_(bar), eta_(eta) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  const bool wanted = bar || eta;
  on_terminal_ = wanted && !dumb && ::isatty(STDERR_FILENO) == 1;
  plain_ = wanted && plain && !on_terminal_;
  if (plain_) last_ = Clock::now();
}

void Progress::draw(const ProgressState& state) {
  const TimePoint now = Clock::now();
  if (on_terminal_) return draw_line(state, now);
  if (!plain_ || now - last_ < kPlainInterval) return;
  last_ = now;
  complain(progress_line(state, false, true, 1000));
}

void Progress::draw_line(const ProgressState& state, TimePoint now) {
  if (now - last_ < kInterval) return;
  // In the background the terminal is somebody else's.
  if (::tcgetpgrp(STDERR_FILENO) != ::getpgrp()) return;
  last_ = now;
  struct winsize size {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const std::string line = progress_line(state, bar_, eta_, known ? size.ws_col : 80);
  (void)write_all(STDERR_FILENO, "\r" + line + "\033[K");
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  drawn_ = false;
  if (::tcgetpgrp(STDERR_FILENO) == ::getpgrp()) (void)write_all(STDERR_FILENO, "\r\033[K");
}

Meter::Meter(net::Loop& loop, std::uint64_t total, bool bytes, bool quiet)
    : loop_(loop), progress_(!quiet, !quiet) {
  state_.total = total;
  state_.bytes = bytes;
  if (progress_.enabled()) timer_ = loop_.every(milliseconds(200), [this] { draw(); });
}

Meter::~Meter() {
  progress_.clear();
  if (timer_ != 0) loop_.cancel(timer_);
}

void Meter::count(std::uint64_t done, std::uint64_t failed) {
  state_.done = done;
  state_.failed = failed;
}

void Meter::draw() {
  state_.elapsed = Clock::now() - begin_;
  if (state_.elapsed >= kPatience) progress_.draw(state_);
}

}  // namespace ipc::cli
