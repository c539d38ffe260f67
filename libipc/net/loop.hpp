// SPDX-License-Identifier: BSD-3-Clause
// The one loop shape: drain every socket, act, flush, poll briefly only after work, then block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "libipc/net/socket.hpp"

namespace ipc::net {

/// Messages a handler takes from one source before the others have their turn.
inline constexpr int kDrainLimit = 256;

/// The longest a loop polls without blocking. A processor where a round trip takes longer than this
/// has worse to wait for than being woken.
inline constexpr microseconds kMostSpin{400};

/// Runs handlers for sockets, descriptors and timers in the thread that calls run(). Handlers may
/// add and remove sources, also themselves. Not thread-safe but for stop().
class Loop {
 public:
  using TimerId = std::uint64_t;
  using TurnEndId = std::uint64_t;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// `handler` is called when `socket` has input; it takes up to kDrainLimit messages and returns
  /// how many it took.
  void on_input(Socket& socket, std::function<int()> handler);
  void remove(Socket& socket);

  /// `handler` gets the poll(2) revents. Replaces an earlier registration of `fd`.
  void on_fd(int fd, short events, std::function<void(short)> handler);
  void remove_fd(int fd);

  TimerId after(Duration delay, std::function<void()> handler);
  TimerId every(Duration period, std::function<void()> handler);
  void cancel(TimerId timer);

  /// Called at the end of each turn in which a handler ran: the place to send what was gathered.
  TurnEndId at_turn_end(std::function<void()> handler);
  /// Not from such a handler.
  void cancel_turn_end(TurnEndId handler);

  /// After a turn that did work, poll without blocking (with sched_yield) before blocking: for this
  /// long, and up to kMostSpin while that is how soon more work comes. 0, the default, never does.
  void set_spin(microseconds time) { patience_ = spin_ = time; }

  /// Time of this turn's start.
  TimePoint now() const { return now_; }

  /// Returns when stop() was called.
  void run();
  /// One turn: waits at most `limit` for something to do. False if nothing happened.
  bool turn(Duration limit);
  /// From any thread or a signal handler.
  void stop();

 private:
  struct Sources;
  int dispatch(Duration limit);
  bool fire_timers();
  void learn_patience(Duration gap);
  Duration until_next_timer(Duration limit) const;

  std::unique_ptr<Sources> sources_;
  struct Timer {
    TimerId id;
    Duration period;  // 0: once
    std::function<void()> handler;
  };
  std::multimap<TimePoint, Timer> timers_;
  TimerId next_timer_ = 1;
  std::map<TurnEndId, std::function<void()>> turn_end_;
  TurnEndId next_turn_end_ = 1;
  microseconds spin_{0};
  Duration patience_{0};  // spin_, or what answers took of late
  TimePoint now_ = Clock::now();
  TimePoint last_work_{};
  TimePoint taken_since_{};
  int taken_ = 0;         // messages since then
  bool flowing_ = false;  // many of them, of late
  std::atomic<bool> stopped_{false};
  int wake_fd_;
};

}  // namespace ipc::net
