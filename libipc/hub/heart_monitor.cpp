// SPDX-License-Identifier: BSD-3-Clause
// Which hearts beat: verdicts from pings and pongs, without sockets.
#include "libipc/hub/heart_monitor.hpp"

#include <algorithm>
#include <utility>

namespace ipc::hub {

bool HeartMonitor::is_expecting() const {
  return std::any_of(hearts_.begin(), hearts_.end(),
                     [](const auto& entry) { return !entry.second.started; });
}

std::string HeartMonitor::payload(TimePoint now) {
  std::string text = std::to_string(std::chrono::duration<double>(now - begin_).count());
  // Two in the same microsecond must differ.
  if (!current_.empty() && current_.back() == text) text += '1';
  current_.push_back(text);
  return text;
}

std::string HeartMonitor::beat(TimePoint now, std::vector<std::string>& stopped) {
  for (auto& [uuid, heart] : hearts_) {
    if (!heart.started) continue;
    heart.misses = heart.answered ? 0 : heart.misses + 1;
    heart.answered = false;
    if (heart.misses > max_misses_) stopped.push_back(uuid);
  }
  for (const auto& uuid : stopped) hearts_.erase(uuid);
  previous_ = std::exchange(current_, {});
  return payload(now);
}

std::string HeartMonitor::extra_beat(TimePoint now) {
  return payload(now);
}

HeartMonitor::Pong HeartMonitor::pong(std::string_view uuid, std::string_view payload) {
  const auto heart = hearts_.find(std::string(uuid));
  if (heart == hearts_.end()) return Pong::ignored;
  const auto has = [&](const auto& sent) {
    return std::find(sent.rbegin(), sent.rend(), payload) != sent.rend();
  };
  if (!has(current_) && !has(previous_)) return Pong::ignored;
  heart->second.answered = true;
  if (heart->second.started) return Pong::known;
  heart->second.started = true;
  return Pong::first;
}

}  // namespace ipc::hub
