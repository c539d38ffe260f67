// SPDX-License-Identifier: BSD-3-Clause
// A run as its records tell it: tasks, the engines that had them, what came after what.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libipc/client/engines.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/wire/json.hpp"

namespace ipreport {

enum class State { ok, error, aborted, pending };

/// "ok", "error", "aborted", "pending".
const char* state_name(State state);

/// One record.
struct Task {
  std::string id, label, type, code;
  std::string error;  ///< one line; empty: none
  State state = State::pending;
  size_t lane = kNoLane;                                      ///< of Run::lanes
  ipc::UnixMicros submitted = 0, started = 0, completed = 0;  ///< 0: not known
  std::vector<size_t> after;                                  ///< of Run::tasks, what it came after
  std::uint64_t items = 1;                                    ///< of a map
  std::uint64_t failed_items = 0;

  static constexpr size_t kNoLane = SIZE_MAX;
  /// Both times and the engine are known.
  bool ran() const { return lane != kNoLane && started > 0 && completed > 0; }
  /// Seconds; 0 for what did not run. Clocks of several machines differ: never less than 0.
  double duration() const;
  /// Seconds from submission to start; 0 for what did not run.
  double waited() const;
  /// Its label, else the first line of its code, else its id.
  std::string name() const;
};

/// An engine that had at least one of the tasks.
struct Lane {
  int engine = -1;  ///< -1: its id is not known any more
  std::string name, host;
};

/// Failures that say the same, but for numbers: the words are those of the first.
struct Failure {
  std::string error, traceback;
  std::uint64_t count = 0;
  std::vector<size_t> tasks;  ///< the first of them
};

struct Run {
  std::vector<Task> tasks;        ///< in the order of submission
  std::vector<Lane> lanes;        ///< in the order of ids
  std::vector<Failure> failures;  ///< most frequent first
  std::size_t edges = 0;
  ipc::UnixMicros begin = 0, end = 0;

  /// Never less than a microsecond.
  double seconds() const;
};

/// Keys of the records it is made of.
const std::vector<std::string>& run_keys();

Run read_run(const std::vector<ipc::wire::Json>& records, const ipc::client::EngineTable& table);

/// Ids of the tasks whose code a report shows: all of few, else the slowest and the failed.
std::vector<std::string> ids_with_code(const Run& run);
/// From records that have `content`.
void add_code(Run& run, const std::vector<ipc::wire::Json>& records);

/// The `count` tasks that ran longest, longest first.
std::vector<size_t> slowest(const Run& run, size_t count);

}  // namespace ipreport
