// SPDX-License-Identifier: BSD-3-Clause
// What is known of the engines at a moment, and what of it is shown. Passive: answers and a clock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libipc/client/engines.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/wire/json.hpp"

namespace iptop {

/// How many looks a rate is made of.
constexpr size_t kLooks = 5;

/// One engine.
struct Row {
  int id = -1;
  std::string host, state;
  std::int64_t queue = 0, completed = 0, failed = 0;
  std::optional<std::int64_t> memory;  ///< bytes
  std::string task, task_id;           ///< what runs; empty: nothing, or not known
  double task_seconds = 0;             ///< at `asked`
  ipc::TimePoint asked{};              ///< when memory and task were told
  double rate = 0;                     ///< tasks a second, of the last looks
  bool is_ipkit = false;

  std::array<std::int64_t, kLooks> looks{};  ///< completed at the last looks
  /// Seconds the task has run; 0: none.
  double age(ipc::TimePoint now) const;
};

enum class Key { id, host, state, queue, done, failed, rate, memory, age };
/// In the order of the enum.
const std::vector<std::string>& key_names();

/// What the hub has said of the whole.
struct Totals {
  size_t engines = 0, busy = 0;
  std::int64_t waiting = 0, running = 0, completed = 0, failed = 0;
  double rate = 0;
  std::optional<std::int64_t> rss;
  std::optional<double> uptime;
};

class Model {
 public:
  /// Engines that are there; those that left are forgotten.
  void set_engines(const ipc::client::EngineTable& table, const std::vector<int>& chosen);
  /// A queue_reply, whole or of what has changed. False: it names an engine that is not known, or
  /// one that left: the table should be asked for again.
  bool take_queue(const ipc::wire::Json& content, ipc::TimePoint now);
  /// An engine's state_reply.
  void take_state(int engine, const ipc::wire::Json& content, ipc::TimePoint now);

  /// What to say when asking the hub again: a version, 0 at first.
  std::int64_t since() const { return since_; }
  const std::map<int, Row>& rows() const { return rows_; }
  const Row* find(int engine) const;
  Totals totals() const;
  /// Ids of the engines to be shown, in order: those with `filter` in their host, state or task.
  std::vector<int> shown(Key key, bool reverse, const std::string& filter,
                         ipc::TimePoint now) const;

 private:
  std::map<int, Row> rows_;
  std::set<int> registered_;
  std::int64_t since_ = 0, unassigned_ = 0;
  std::optional<std::int64_t> rss_;
  std::optional<double> uptime_;
  std::array<ipc::TimePoint, kLooks> times_{};
  size_t looks_ = 0;
};

/// `17`, `1.2k`, `34M`: four characters at most for what there is.
std::string short_count(std::int64_t count);
/// `980K`, `12M`, `1.4G`; `-` if it is not known.
std::string short_bytes(std::optional<std::int64_t> bytes);
/// `0.4s`, `12s`, `3m05`, `2h10`, `4d03`
std::string short_time(double seconds);

}  // namespace iptop
