// SPDX-License-Identifier: BSD-3-Clause
// The journal: what a task scheduler must not forget when its process is killed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libipc/net/socket.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/segment_log.hpp"
#include "libipc/util/string_map.hpp"

namespace ipc::sched {

/// Tasks from their acceptance to their end, and the last replies, in a SegmentLog. What is written
/// when is docs/durability.md. Passive: it decides nothing. One thread.
class Journal {
 public:
  struct Options {
    std::string directory;
    bool sync = true;  ///< commit() waits for the disk
    std::size_t segment_bytes = SegmentLog::kSegment;
    std::size_t ends = 65536;  ///< tasks that ended whose outcome is kept …
    std::size_t replies = 16384, reply_bytes = 64 << 20;  ///< … and of these the last replies
  };
  /// Reads what is there. What is torn or damaged is left out; report() tells.
  static Result<std::unique_ptr<Journal>> open(Options options);

  /// One that has not ended: client identity and message as they came.
  struct Task {
    std::string id;
    net::Frames frames;
    std::string engine;  ///< uuid of the one that has it; empty: it waits
  };
  /// One that has, oldest first. Without frames where they are not kept any more.
  struct End {
    std::string id, engine;  ///< engine: empty if it ended without one
    bool ok = false;
    net::Frames request, reply;  ///< reply: as it came: engine, client, message
  };
  /// What was read: first all that ended, then what engines have, in the order in which they got
  /// it, then what waits, in the order in which it came.
  void restore(const std::function<void(End&&)>& on_end,
               const std::function<void(Task&&)>& on_task);

  /// What was read and could not be, in words; empty if nothing was there.
  const std::string& report() const { return report_; }
  bool damaged() const { return damage_.entries > 0 || damage_.torn_bytes > 0; }

  enum class State { unknown, live, ended };
  State state(std::string_view id) const;
  /// The reply to a task that ended; empty if it is not kept any more.
  net::Frames reply(std::string_view id);

  /// A new task. An error: it is not on disk and must be refused.
  Status accept(std::string_view id, const net::Frames& frames);
  /// It goes to an engine, or waits again. Failures of the disk are logged.
  void assign(std::string_view id, std::string_view engine);
  void wait(std::string_view id);
  /// It ended; `reply` is kept for a while if the disk has room.
  void finish(std::string_view id, std::string_view engine, bool ok, const net::Frames& reply);
  /// Before anything leaves that speaks of what was accepted: it is on the disk when this returns.
  void commit() {
    if (unsynced_) sync();
  }

  std::size_t live() const { return live_.size(); }
  std::size_t bytes() const { return log_->bytes(); }

 private:
  using Place = SegmentLog::Place;
  struct Live {
    Place accepted, assigned;  // assigned.size 0: it waits
    std::uint64_t order = 0, run = 0;
    std::string engine;
  };
  struct Ended {
    std::string id;
    Place place, request;  // request.size 0, or its segment gone: not kept
    bool has_reply = false;
  };

  Journal(Options options, std::unique_ptr<SegmentLog> log)
      : options_(std::move(options)), log_(std::move(log)) {}
  Status load();
  void take(const Place& place, std::string_view entry);
  void end(std::string_view id, const Place& place, bool has_reply);
  void limit_ended();
  void strip(Ended& ended);
  void count(const Place& place, bool used);
  Ended* find_ended(std::string_view id);
  Status write(std::string_view head, const net::Frames* frames, bool vital, Place& place);
  void note(std::string_view head, Place& place);
  void complain(const std::string& what, const Error& error);
  void sync();
  void clean();
  bool wants_cleaning() const;
  bool move(const Place& place, std::string_view entry);

  Options options_;
  std::unique_ptr<SegmentLog> log_;
  StringMap<Live> live_;
  std::deque<Ended> ended_;               // oldest first
  std::uint64_t first_ended_ = 0;         // number of the first of them
  StringMap<std::uint64_t> ended_by_id_;  // their numbers
  std::size_t replies_ = 0, reply_bytes_ = 0;
  std::uint64_t oldest_reply_ = 0;  // none before this number has one
  std::size_t used_bytes_ = 0;      // of entries that are still needed
  std::uint64_t next_order_ = 1, next_run_ = 1;
  bool unsynced_ = false;
  SegmentLog::Damage damage_;
  std::string report_;
  log::Throttle complaints_;
};

}  // namespace ipc::sched
