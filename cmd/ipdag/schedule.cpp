// SPDX-License-Identifier: BSD-3-Clause
// Which node may be handed over when. Events in, decisions out; nothing is sent here.
#include "cmd/ipdag/schedule.hpp"

#include <algorithm>
#include <utility>

namespace ipdag {

Schedule::Schedule(const Graph& graph) : graph_(graph), states_(graph.nodes().size()) {
  for (Index i = 0; i < states_.size(); ++i) {
    states_[i].unmet = states_[i].uncertain = static_cast<Index>(graph[i].after.size());
    if (graph[i].has_forms()) {
      // One more, which never comes: it is decided upon elsewhere.
      ++states_[i].unmet, ++states_[i].uncertain;
      formed_.emplace(i, Formed());
    }
    if (graph[i].done)
      states_[i].state = State::done;
    else
      ++open_;
  }
  std::vector<Index> skipped;
  for (const Index i : graph.order()) {
    if (graph[i].done) {
      for (const Index next : graph[i].next) {
        --states_[next].unmet;
        --states_[next].uncertain;
        tell(i, true, next, next, skipped);
      }
    } else if (states_[i].unmet == 0) {
      ready_.push_back(i);
    }
  }
  spread(skipped);
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
  std::vector<Index> skipped;
  for (const Index next : graph_[node].next) {
    if (--states_[next].unmet == 0) ready_.push_back(next);
    tell(node, true, next, next, skipped);
  }
  settle(node);
  spread(skipped);
}

void Schedule::again(Index node) {
  states_[node].state = State::waiting;
  ready_.push_front(node);
}

void Schedule::failed(Index node) {
  states_[node].state = State::failed;
  states_[node].cause = node;
  --open_;
  std::vector<Index> path{node};
  spread(path);
}

// What cannot run because of the nodes of `path`, and because of those in turn.
void Schedule::spread(std::vector<Index>& path) {
  while (!path.empty()) {
    const Index at = path.back();
    path.pop_back();
    for (const Index next : graph_[at].next) {
      if (graph_[next].has_forms())
        tell(at, false, next, states_[at].cause, path);
      else
        skip(next, states_[at].cause, path);
    }
  }
}

void Schedule::skip(Index node, Index cause, std::vector<Index>& path) {
  Progress& progress = states_[node];
  if (progress.state != State::waiting && progress.state != State::sent) return;
  progress.state = State::skipped;
  progress.cause = cause;
  --open_;
  path.push_back(node);
}

Schedule::Verdict Schedule::judge(const Forms& forms, size_t count, const Ends& ends) {
  const size_t ended = size_t{ends.ok} + ends.failed;
  const size_t good = (forms.success ? ends.ok : 0) + (forms.failure ? ends.failed : 0);
  if (count == 0 || good == count || (!forms.all && good > 0)) return Verdict::met;
  return ended == count || (forms.all && good < ended) ? Verdict::never : Verdict::waits;
}

// One that is skipped counts as failed, as the scheduler has it.
void Schedule::tell(Index ended, bool ok, Index node, Index cause, std::vector<Index>& path) {
  const auto found = formed_.find(node);
  if (found == formed_.end() || states_[node].state != State::waiting) return;
  const auto count = [&](const std::vector<Index>& list, Ends& ends) {
    if (std::binary_search(list.begin(), list.end(), ended)) ++(ok ? ends.ok : ends.failed);
  };
  count(graph_[node].awaits, found->second.after);
  count(graph_[node].follow, found->second.follow);
  decide(node, cause, path);
}

void Schedule::decide(Index node, Index cause, std::vector<Index>& path) {
  const Node& facts = graph_[node];
  const Formed& formed = formed_.at(node);
  const Verdict after = judge(facts.after_forms, facts.awaits.size(), formed.after),
                follow = judge(facts.follow_forms, facts.follow.size(), formed.follow);
  if (after == Verdict::never || follow == Verdict::never) return skip(node, cause, path);
  if (after == Verdict::met && follow == Verdict::met) {
    formed_.erase(node);
    ready_.push_back(node);
  }
}

}  // namespace ipdag
