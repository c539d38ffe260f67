// SPDX-License-Identifier: BSD-3-Clause
// The log of a daemon: one line per event, time first.
#pragma once

#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::log {

/// Numbers are those of Python's logging, which users know from --log-level.
enum class Level : int { debug = 10, info = 20, warning = 30, error = 40, off = 100 };

/// Where lines go: a descriptor that stays open (default: none, nothing is written). Set once,
/// before threads start. `name` is put before each message.
void open(int fd, Level level, std::string name);

/// True if a line of this level would be written; ask before building costly text.
bool enabled(Level level);

/// One line, written by one write(2), from any thread.
void write(Level level, std::string_view text);

inline void debug(std::string_view text) {
  write(Level::debug, text);
}
inline void info(std::string_view text) {
  write(Level::info, text);
}
inline void warning(std::string_view text) {
  write(Level::warning, text);
}
inline void error(std::string_view text) {
  write(Level::error, text);
}

/// Keeps what a hostile peer can cause out of the disk: at most 10 lines in a second, then one with
/// the number left out. One thread.
class Throttle {
 public:
  void warning(std::string_view text);

 private:
  long second_ = 0;
  unsigned lines_ = 0, suppressed_ = 0;
};

/// `10`, `20`, `DEBUG`, `info`, `WARN` …
Result<Level> parse_level(std::string_view text);

}  // namespace ipc::log
