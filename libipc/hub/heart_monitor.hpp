// SPDX-License-Identifier: BSD-3-Clause
// Which hearts beat: verdicts from pings and pongs, without sockets.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/util/clock.hpp"

namespace ipc::hub {

/// Passive; one thread. Regular beats judge; extra ones only let new hearts be seen sooner.
class HeartMonitor {
 public:
  explicit HeartMonitor(unsigned max_misses) : max_misses_(max_misses) {}

  /// A pending engine: its first pong is news.
  void watch(const std::string& uuid) { hearts_.try_emplace(uuid); }
  /// An engine known to be registered that has not beaten yet; it counts as beating.
  void keep(const std::string& uuid) { hearts_[uuid].started = true; }
  void forget(const std::string& uuid) { hearts_.erase(uuid); }
  std::size_t size() const { return hearts_.size(); }
  /// True while some watched heart has not beaten yet.
  bool is_expecting() const;

  /// A regular beat: hearts that stopped, and the payload to send.
  std::string beat(TimePoint now, std::vector<std::string>& stopped);
  /// A beat in between: a payload to send.
  std::string extra_beat(TimePoint now);

  enum class Pong { first, known, ignored };
  Pong pong(std::string_view uuid, std::string_view payload);

 private:
  struct Heart {
    bool started = false, answered = false;
    unsigned misses = 0;
  };
  std::string payload(TimePoint now);

  unsigned max_misses_;
  std::unordered_map<std::string, Heart> hearts_;
  std::deque<std::string> current_, previous_;  // payloads sent since the last regular beat; before
  TimePoint begin_ = Clock::now();
};

}  // namespace ipc::hub
