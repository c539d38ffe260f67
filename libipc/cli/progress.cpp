// SPDX-License-Identifier: BSD-3-Clause
// A line of progress at the bottom of a terminal.
#include "libipc/cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "libipc/util/fd.hpp"

namespace ipc::cli {

constexpr auto kInterval = milliseconds(100);

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

std::string progress_line(const ProgressState& state, bool bar, bool eta, int columns) {
  const std::uint64_t done = std::min(state.done, std::max(state.total, state.done));
  std::string text = std::to_string(done);
  if (state.total > 0)
    text += "/" + std::to_string(state.total) + " " +
            std::to_string(done * 100 / std::max(state.total, done)) + "%";
  if (state.failed > 0) text += ", " + std::to_string(state.failed) + " failed";
  text += "  " + time_text(state.elapsed);
  if (eta && state.total > 0 && done > 0 && done <= state.total) {
    const double left = static_cast<double>(state.total - done) / static_cast<double>(done);
    text += ", " + time_text(std::chrono::duration_cast<Duration>(state.elapsed * left)) + " left";
  }
  const int room = columns - static_cast<int>(text.size()) - 4;
  if (bar && state.total > 0 && room >= 10)
    text = bar_text(done, std::max(state.total, done), std::min(room, 40)) + text;
  return text.substr(0, static_cast<size_t>(std::max(columns - 1, 1)));
}

Progress::Progress(bool bar, bool eta) : bar_(bar), eta_(eta) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  enabled_ = (bar || eta) && !dumb && ::isatty(STDERR_FILENO) == 1;
}

void Progress::draw(const ProgressState& state) {
  const TimePoint now = Clock::now();
  if (!enabled_ || now - last_ < kInterval) return;
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

}  // namespace ipc::cli
