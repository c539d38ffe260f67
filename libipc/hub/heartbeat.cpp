// SPDX-License-Identifier: BSD-3-Clause
// The heartbeat's sockets around a HeartMonitor.
#include "libipc/hub/heartbeat.hpp"

#include <algorithm>

namespace ipc::hub {

using net::EventKind;

namespace {

// A registration is finished by a heartbeat: while one is pending nobody waits for the next regular
// beat. A ping goes to all engines and all answer: the more there are, the fewer the pings.
constexpr Duration kHurry = milliseconds(10), kHurryEach = microseconds(150);

}  // namespace

Heartbeat::Heartbeat(net::Loop& loop, net::Socket ping, net::Socket pong, milliseconds period,
                     unsigned max_misses, net::EventWriter& tap)
    : loop_(loop), ping_(std::move(ping)), pong_(std::move(pong)), monitor_(max_misses), tap_(tap) {
  loop.on_input(pong_, [this] { return from_engines(); });
  loop.every(period, [this] { beat(); });
}

void Heartbeat::command(const net::Event& event) {
  if (event.fields.empty()) return;
  const std::string uuid(event.fields[0]);
  if (event.kind == EventKind::watch_heart) {
    monitor_.watch(uuid);
    if (!hurrying_) hurry();
  } else if (event.kind == EventKind::keep_heart) {
    monitor_.keep(uuid);
  } else if (event.kind == EventKind::forget_heart) {
    monitor_.forget(uuid);
  }
}

void Heartbeat::beat() {
  std::vector<std::string> stopped;
  const std::string payload = monitor_.beat(Clock::now(), stopped);
  for (const auto& uuid : stopped) tap_.add(EventKind::heart_stopped, {uuid});
  const std::string_view frames[] = {payload};
  ping_.send(std::span<const std::string_view>(frames));
}

void Heartbeat::hurry() {
  hurrying_ = monitor_.is_expecting();
  if (!hurrying_) return;
  const std::string payload = monitor_.extra_beat(Clock::now());
  const std::string_view frames[] = {payload};
  ping_.send(std::span<const std::string_view>(frames));
  const auto hearts = static_cast<Duration::rep>(monitor_.size());
  loop_.after(std::max(kHurry, hearts * kHurryEach), [this] { hurry(); });
}

int Heartbeat::from_engines() {
  net::Frames frames;
  int taken = 0;
  for (; taken < net::kDrainLimit && pong_.receive(frames); ++taken) {
    if (frames.size() != 2) continue;
    if (monitor_.pong(frames[0].view(), frames[1].view()) == HeartMonitor::Pong::first)
      tap_.add(EventKind::heart_started, {frames[0].view()});
  }
  return taken;
}

}  // namespace ipc::hub
