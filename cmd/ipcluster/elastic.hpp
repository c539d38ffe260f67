// SPDX-License-Identifier: BSD-3-Clause
// How many engines an elastic cluster wants: numbers and a clock in, what to do out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libipc/util/clock.hpp"

namespace ipc::cluster {

struct ElasticLimits {
  int min = 0, max = 0;                             ///< of engines
  Duration idle_timeout = std::chrono::minutes(5);  ///< then one is released
  Duration settle = seconds(1);  ///< so long tasks wait before more are requested
  Duration start = seconds(60);  ///< for an engine that runs to be there; in a queue any time
  Duration retry = seconds(10);  ///< pause after a failure, twice as long after each more …
  Duration pause_limit = std::chrono::minutes(10);  ///< … up to this
  int step = 0;                                     ///< at most so many at a time; 0: no limit
};

/// An engine of ours as it is now.
struct ElasticEngine {
  enum class Stage : std::uint8_t {
    queued,    ///< requested; a batch system has it
    starting,  ///< runs, but is not there yet
    ready,
    leaving,  ///< drains
  };
  std::string key;  ///< the same for the same engine, of no other ever
  Stage stage = Stage::starting;
  bool busy = false;
  std::int64_t done = 0;  ///< so much it has done; another number: it worked meanwhile
};

struct ElasticNumbers {
  std::int64_t waiting = 0;            ///< tasks at no engine
  bool others_idle = false;            ///< engines that are not ours have nothing to do
  std::vector<ElasticEngine> engines;  ///< not those that have ended; the oldest first
};

struct ElasticOrders {
  int request = 0;                    ///< start so many
  std::vector<std::string> release;   ///< idle: let them drain
  std::vector<std::string> withdraw;  ///< requested, not there, and not needed any more: end them
  std::vector<std::string> give_up;   ///< not there in time: end them
  std::string why;                    ///< of all this, for people; empty if nothing is done
  std::optional<Duration> look_in;    ///< when to ask again; none: when tasks wait
};

/// Passive: it remembers what it saw and decided, knows no sockets and no launcher. One thread.
class Elastic {
 public:
  explicit Elastic(const ElasticLimits& limits) : limits_(limits) {}

  /// What is to be done now. Whoever asks does it, or calls failed().
  ElasticOrders decide(const ElasticNumbers& numbers, TimePoint now);
  /// A request was refused, or a requested engine ended before it was there. Several failures of
  /// one request are one.
  void failed(const std::string& why, TimePoint now);

  const ElasticLimits& limits() const { return limits_; }
  /// The last failure in its own words, until an engine has come since; empty: none.
  const std::string& trouble() const { return trouble_; }
  /// How long nothing will be requested because of it.
  Duration pause(TimePoint now) const;

 private:
  struct Memory {
    ElasticEngine::Stage stage = ElasticEngine::Stage::queued;
    TimePoint since{};       // in that stage
    TimePoint idle_since{};  // as far as was seen
    std::int64_t done = 0;
  };
  struct Count {
    int ready = 0, idle = 0, requested = 0, leaving = 0;
    int have() const { return ready + requested; }
  };

  Count look(const ElasticNumbers& numbers, TimePoint now);
  void give_up_late(const ElasticNumbers& numbers, TimePoint now, Count& count,
                    ElasticOrders& orders);
  void grow(const ElasticNumbers& numbers, TimePoint now, const Count& count,
            ElasticOrders& orders);
  void shrink(const ElasticNumbers& numbers, TimePoint now, const Count& count,
              ElasticOrders& orders);
  void withdraw(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                ElasticOrders& orders);
  void plan_look(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                 ElasticOrders& orders) const;

  ElasticLimits limits_;
  std::map<std::string, Memory> memory_;
  std::optional<TimePoint> lacking_since_;   // engines, for tasks that wait
  std::optional<TimePoint> unneeded_since_;  // what is requested
  std::optional<TimePoint> next_try_;
  int failures_ = 0;
  int cautious_ = 0;  // engines were idle while tasks waited: only so many more at a time; 0: any
  std::string trouble_;
};

}  // namespace ipc::cluster
