// SPDX-License-Identifier: BSD-3-Clause
// Which node may be handed over when. Events in, decisions out; nothing is sent here.
#include "cmd/ipdag/schedule.hpp"

#include <utility>

namespace ipdag {

Schedule::Schedule(const Graph& graph) : graph_(graph), states_(graph.nodes().size()) {
  for (Index i = 0; i < states_.size(); ++i) {
    states_[i].unmet = states_[i].uncertain = static_cast<Index>(graph[i].after.size());
    if (graph[i].done)
      states_[i].state = State::done;
    else
      ++open_;
  }
  for (const Index i : graph.order()) {
    if (graph[i].done) {
      for (const Index next : graph[i].next) {
        --states_[next].unmet;
        --states_[next].uncertain;
      }
    } else if (states_[i].unmet == 0) {
      ready_.push_back(i);
    }
  }
}

bool Schedule::next(bool ahead, Index& node) {
  for (auto* queue : {&ready_, &ahead_}) {
    if (queue == &ahead_ && !ahead) return false;
    while (!queue->empty()) {
      node = queue->front();
      queue->pop_front();
      // It may have gone from the other queue, or be skipped by now.
      if (states_[node].state == State::waiting) return true;
    }
  }
  return false;
}

// Nothing about it is uncertain any more: what waits for nothing else may go ahead.
void Schedule::settle(Index node) {
  if (std::exchange(states_[node].last, true)) return;
  for (const Index next : graph_[node].next) {
    Progress& progress = states_[next];
    if (--progress.uncertain == 0 && progress.unmet > 0) ahead_.push_back(next);
  }
}

void Schedule::sent(Index node, bool last) {
  states_[node].state = State::sent;
  if (last) settle(node);
}

void Schedule::done(Index node) {
  states_[node].state = State::done;
  --open_;
  for (const Index next : graph_[node].next)
    if (--states_[next].unmet == 0) ready_.push_back(next);
  settle(node);
}

void Schedule::again(Index node) {
  states_[node].state = State::waiting;
  ready_.push_front(node);
}

void Schedule::failed(Index node) {
  states_[node].state = State::failed;
  --open_;
  std::vector<Index> path{node};
  while (!path.empty()) {
    const Index at = path.back();
    path.pop_back();
    for (const Index next : graph_[at].next) {
      Progress& progress = states_[next];
      if (progress.state != State::waiting && progress.state != State::sent) continue;
      progress.state = State::skipped;
      progress.cause = node;
      --open_;
      path.push_back(next);
    }
  }
}

}  // namespace ipdag
