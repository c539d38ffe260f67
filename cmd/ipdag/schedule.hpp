// SPDX-License-Identifier: BSD-3-Clause
// Which node may be handed over when. Events in, decisions out; nothing is sent here.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "cmd/ipdag/graph.hpp"

namespace ipdag {

/// Nodes go to the controller ahead of time, with the tasks they come after: it starts them
/// without asking us. So a node may go once all before it have gone, but not while one of those
/// may have to be tried again: that would be another task. Nodes with forms (`:any` …) go when
/// those before them have ended so that they may.
class Schedule {
 public:
  enum class State : std::uint8_t { waiting, sent, done, failed, skipped };

  explicit Schedule(const Graph& graph);

  /// The next node to hand over, or none (false): those that can run now first, and if `ahead`
  /// those that wait for what has been handed over.
  bool next(bool ahead, Index& node);
  /// It was handed over; `last`: and will not be tried again.
  void sent(Index node, bool last);
  void done(Index node);
  /// It is to be handed over again.
  void again(Index node);
  /// It failed for good, and what depends on its success is skipped.
  void failed(Index node);

  State state(Index node) const { return states_[node].state; }
  /// Of a skipped node: the first failure that was the reason; itself or another skipped one if
  /// that was no failure, but that nothing ended as it was to.
  Index cause(Index node) const { return states_[node].cause; }
  /// Nodes that are neither done, failed nor skipped.
  size_t open() const { return open_; }

 private:
  struct Progress {
    State state = State::waiting;
    bool last = false;    // sent for the last time
    Index unmet = 0;      // before it, not done
    Index uncertain = 0;  // before it, not done and not sent for the last time
    Index cause = 0;
  };
  /// How those before a node with forms have ended.
  struct Ends {
    Index ok = 0, failed = 0;
  };
  enum class Verdict { waits, met, never };
  static Verdict judge(const Forms& forms, size_t count, const Ends& ends);
  void settle(Index node);
  void skip(Index node, Index cause, std::vector<Index>& path);
  void tell(Index ended, bool ok, Index node, Index cause, std::vector<Index>& path);
  void decide(Index node, Index cause, std::vector<Index>& path);
  void spread(std::vector<Index>& path);

  const Graph& graph_;
  std::vector<Progress> states_;
  struct Formed {
    Ends after, follow;
  };
  std::unordered_map<Index, Formed> formed_;
  std::deque<Index> ready_, ahead_;
  size_t open_ = 0;
};

}  // namespace ipdag
