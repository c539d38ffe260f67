// SPDX-License-Identifier: BSD-3-Clause
// The supervisor's engines come and go: what tasks ask for, and what ipcluster engines remove does.
#include <algorithm>
#include <set>

#include "cmd/ipcluster/supervisor.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/log.hpp"

namespace ipc::cluster {
namespace {

// Where nothing can happen by itself: is the hub still there?
constexpr Duration kSeldom = seconds(60);
// Tasks that come one by one need not be looked at one by one while engines work.
constexpr Duration kRest = milliseconds(500);
// Tasks come together: one request for all of them.
constexpr Duration kGather = milliseconds(50);
// After a hub that did not answer.
constexpr Duration kAgain = seconds(5);
constexpr Duration kRemovalLook = milliseconds(300);
// Ended ones that status still shows.
constexpr long kShownEnded = 5;

std::string key_of(const Process& process) {
  return process.launcher + "/" + process.launched.id;
}

/// The end of what is a child of ours is heard of.
bool is_child(const Process& process) {
  return process.launcher == "local";
}

bool is_one_of(const std::vector<std::string>& keys, const Process& process) {
  return std::find(keys.begin(), keys.end(), key_of(process)) != keys.end();
}

std::string engines_text(size_t n) {
  return std::to_string(n) + (n == 1 ? " engine" : " engines");
}

}  // namespace

Result<client::Connection*> Supervisor::hub() {
  if (!hub_) {
    IPC_TRY_ASSIGN(hub_, client::Connection::open(hub_options()));
    events_.attach(hub_->loop());
  }
  return hub_.get();
}

void Supervisor::drop_hub() {
  hub_.reset();
  watches_queue_ = false;
}

Result<client::QueueState> Supervisor::look_at_hub() {
  IPC_TRY_ASSIGN(auto* hub, this->hub());
  IPC_TRY_ASSIGN(const auto* table, hub->refresh_engines());
  match(*table);
  note_gone(*table);
  return client::queue_state(*hub, Clock::now() + kAgain);
}

/// Jobs end unseen; that an engine has left the controller is seen.
void Supervisor::note_gone(const client::EngineTable& table) {
  for (auto& process : state_.engines) {
    if (process.engine < 0 || process.ended() || process.pending() || is_child(process) ||
        table.find(process.engine) != nullptr)
      continue;
    const auto gone = std::find_if(table.gone.rbegin(), table.gone.rend(),
                                   [&](const auto& g) { return g.id == process.engine; });
    const bool for_good = gone != table.gone.rend() && gone->why != "heartbeats stopped";
    if (!for_good && !process.leaving()) continue;
    process.launched.why = process.leaving() ? "removed" : "it has left: " + gone->why;
    process.launched.state = "ended";
  }
}

ElasticNumbers Supervisor::numbers(const client::QueueState& queue) const {
  using Stage = ElasticEngine::Stage;
  ElasticNumbers numbers;
  numbers.waiting = queue.unassigned;
  std::set<int> ours;
  for (const auto& process : state_.engines) {
    // The hub may believe for a while that one that was killed is there, and idle.
    if (process.ended()) {
      ours.insert(process.engine);
      continue;
    }
    ElasticEngine engine;
    engine.key = key_of(process);
    const auto load = queue.engines.find(process.engine);
    const bool there = !process.pending() && load != queue.engines.end();
    engine.stage = there && process.leaving() ? Stage::leaving
                   : there                    ? Stage::ready
                   : process.queued           ? Stage::queued
                                              : Stage::starting;
    if (there) {
      ours.insert(process.engine);
      engine.busy = load->second.queue + load->second.tasks > 0;
      engine.done = load->second.completed + load->second.failed.value_or(0);
      // What it has not begun is handed back.
      if (process.leaving()) numbers.waiting += std::max<std::int64_t>(0, load->second.tasks - 1);
    }
    numbers.engines.push_back(std::move(engine));
  }
  for (const auto& [id, load] : queue.engines)
    if (!ours.contains(id) && load.queue + load.tasks == 0) numbers.others_idle = true;
  return numbers;
}

void Supervisor::scale() {
  if (!elastic_ || Clock::now() < next_scale_) return;
  const auto queue = look_at_hub();
  const TimePoint now = Clock::now();
  last_scale_ = now;
  if (!queue) {
    log::warning(queue.error().text());
    drop_hub();
    next_scale_ = now + kAgain;
    return;
  }
  const ElasticNumbers numbers = this->numbers(*queue);
  const ElasticOrders orders = elastic_->decide(numbers, now);
  carry_out(orders);
  next_scale_ = now + std::min(orders.look_in.value_or(kSeldom), kSeldom);
  if (numbers.waiting == 0) watch_queue(!numbers.engines.empty());
  forget_ended();
  tell_elastic(orders);
}

/// The hub says when tasks wait.
void Supervisor::watch_queue(bool has_engines) {
  if (std::exchange(watches_queue_, true)) return;
  hub_->ask("wait_request", R"({"unassigned": 1})", [this, has_engines](client::Reply&&) {
    watches_queue_ = false;
    const TimePoint next = has_engines ? last_scale_ + kRest : Clock::now();
    next_scale_ = std::min(next_scale_, std::max(next, Clock::now() + kGather));
  });
}

void Supervisor::carry_out(const ElasticOrders& orders) {
  if (!orders.why.empty()) tell(orders.why);
  for (const auto& [keys, why] : {std::pair{&orders.withdraw, "removed"},
                                  std::pair{&orders.give_up, "it was not there in time"}}) {
    if (Status ended = end_engines(*keys, why); !ended) report(ended.error().text());
    // What could not be ended is not waited for all the same.
    mark_ended(*keys, why);
  }
  for (auto& process : state_.engines)
    if (is_one_of(orders.release, process)) drain(process);
  if (orders.request == 0) return;
  size_t first = 0;
  if (Status launched = launch_engines(plan_, orders.request, first); !launched)
    trouble(launched.error().text());
  for (size_t i = first; i < state_.engines.size(); ++i)
    if (state_.engines[i].ended()) trouble(state_.engines[i].launched.why);
  pause_ = milliseconds(500);
  next_look_ = Clock::now() + pause_;
}

/// No more engines for a while.
void Supervisor::trouble(const std::string& text) {
  const TimePoint now = Clock::now();
  const bool is_known = elastic_->pause(now) > Duration(0);
  elastic_->failed(text, now);
  if (!is_known)
    report(text + "; no engine is requested for " + seconds_text(elastic_->pause(now)));
}

/// `before`: its state until now.
void Supervisor::engine_ended(Process& process, const std::string& before) {
  if (before == "leaving")
    process.launched.why = "removed";
  else if (before == "ready")
    tell_end(process);
  if (!elastic_) return;
  next_scale_ = Clock::now();
  // One that drained in time, or that its user ended, is no failure.
  const bool fine =
      before == "leaving" || (before == "ready" && is_child(process) && process.wait_status == 0);
  if (!fine) trouble("an engine ended: " + process.launched.why);
}

/// It ends what it has, gives back what it has not begun, and goes.
void Supervisor::drain(Process& process) {
  client::Request request;
  request.type = "drain_request";
  request.content = "{}";
  const std::string key = key_of(process);
  process.launched.state = "leaving";
  const auto sent =
      hub_->control(process.engine, std::move(request), [this, key](client::Reply&& reply) {
        if (reply.outcome == client::Outcome::ok) return;
        if (Status ended = end_engines({key}, "removed"); !ended) report(ended.error().text());
      });
  // It has left meanwhile: note_gone() or its end will say so.
  if (!sent) log::info(sent.error().text());
}

Status Supervisor::end_engines(const std::vector<std::string>& keys, const std::string& why) {
  std::map<std::string, config::LaunchRequest> stops;
  for (const auto& process : state_.engines)
    if (!process.ended() && is_one_of(keys, process))
      stops[process.launcher].ids.push_back(process.launched.id);
  for (auto& [kind, stop] : stops) {
    IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, plan_.cluster));
    stop.record = record_file(plan_.cluster, kind);
    stop.grace = std::chrono::duration<double>(plan_.profile.duration("timeouts.stop")).count();
    IPC_TRY(launcher.run("stop", stop));
    std::vector<std::string> ended;
    for (const auto& process : state_.engines)
      if (process.launcher == kind && is_one_of(keys, process)) ended.push_back(key_of(process));
    mark_ended(ended, why);
  }
  absorb();
  return {};
}

void Supervisor::mark_ended(const std::vector<std::string>& keys, const std::string& why) {
  for (auto& process : state_.engines) {
    if (process.ended() || !is_one_of(keys, process)) continue;
    process.launched.state = "ended";
    process.launched.why = why;
  }
}

/// An elastic cluster has many engines in its time.
void Supervisor::forget_ended() {
  auto ended = std::count_if(state_.engines.begin(), state_.engines.end(), [](const Process& p) {
    return p.ended() && p.launched.why != "removed";
  });
  std::erase_if(state_.engines, [&](const Process& p) {
    return p.ended() && (p.launched.why == "removed" || ended-- > kShownEnded);
  });
}

void Supervisor::tell_elastic(const ElasticOrders& orders) {
  State::Elastic now;
  now.min = elastic_->limits().min;
  now.max = elastic_->limits().max;
  now.idle_timeout = elastic_->limits().idle_timeout;
  if (state_.elastic) now.why = state_.elastic->why, now.when = state_.elastic->when;
  if (!orders.why.empty()) now.why = orders.why, now.when = iso8601(unix_now());
  now.trouble = elastic_->trouble();
  const auto pause = elastic_->pause(Clock::now());
  if (pause > Duration(0))
    now.again = iso8601(unix_now() + std::chrono::duration_cast<microseconds>(pause).count());
  state_.elastic = now;
  remember();
}

/// Those to go first that cost least: who is not there yet, who is idle, who came last.
Result<std::vector<std::string>> Supervisor::choose_leavers(const Request& request,
                                                            const ElasticNumbers& numbers) const {
  std::vector<std::string> keys;
  const auto count = wire::int_or(request.content, "count", -1);
  if (count < 0) {
    std::vector<int> unknown;
    for (const auto& id : request.content.value("engines", wire::Json::array())) {
      if (!id.is_number_integer()) return Error{Code::bad_input, "engine ids are numbers", ""};
      const auto found =
          std::find_if(state_.engines.begin(), state_.engines.end(),
                       [&](const Process& p) { return p.engine == id.get<int>() && !p.ended(); });
      if (found == state_.engines.end())
        unknown.push_back(id.get<int>());
      else
        keys.push_back(key_of(*found));
    }
    if (unknown.empty()) return keys;
    return Error{Code::no_engine, "no engine " + format_idset(unknown) + " of this ipcluster's",
                 "see ipcluster status"};
  }
  std::vector<const ElasticEngine*> all;
  for (auto engine = numbers.engines.rbegin(); engine != numbers.engines.rend(); ++engine)
    if (engine->stage != ElasticEngine::Stage::leaving) all.push_back(&*engine);
  std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) {
    return std::pair(a->stage, a->busy) < std::pair(b->stage, b->busy);
  });
  if (count > static_cast<std::int64_t>(all.size()))
    return Error{Code::no_engine, "this ipcluster has no more than " + engines_text(all.size()),
                 "see ipcluster status"};
  all.resize(static_cast<size_t>(count));
  for (const auto* engine : all) keys.push_back(engine->key);
  return keys;
}

void Supervisor::remove_engines(Request& request) {
  const auto refuse = [&](const Error& error) { request.answer(error.code, error.text()); };
  const auto queue = look_at_hub();
  if (!queue) return drop_hub(), refuse(queue.error());
  const auto keys = choose_leavers(request, numbers(*queue));
  if (!keys) return refuse(keys.error());
  Removal removal;
  std::vector<std::string> at_once;
  for (auto& process : state_.engines) {
    if (process.ended() || !is_one_of(*keys, process)) continue;
    if (process.engine >= 0) removal.engines.push_back(process.engine);
    if (process.pending() || wire::bool_or(request.content, "now", false))
      at_once.push_back(key_of(process));
    else
      drain(process);
  }
  removal.keys = *keys;
  removal.deadline =
      Clock::now() + milliseconds(std::clamp<int64_t>(
                         wire::int_or(request.content, "limit_ms", 60'000), 0, 86'400'000));
  if (Status ended = end_engines(at_once, "removed"); !ended) return refuse(ended.error());
  removal.request = std::move(request);
  removals_.push_back(std::move(removal));
  next_removal_look_ = Clock::now() + kRemovalLook;
  remember();
}

/// Answers those who asked for engines to go that have gone, or that take too long.
void Supervisor::finish_removals() {
  if (removals_.empty()) return;
  if (Clock::now() >= next_removal_look_) {
    next_removal_look_ = Clock::now() + kRemovalLook;
    if (!look_at_hub()) drop_hub();
  }
  std::erase_if(removals_, [&](Removal& removal) {
    std::vector<int> left;
    for (const auto& process : state_.engines)
      if (!process.ended() && is_one_of(removal.keys, process)) left.push_back(process.engine);
    std::sort(left.begin(), left.end());
    std::sort(removal.engines.begin(), removal.engines.end());
    if (left.empty()) {
      const std::string which =
          removal.engines.empty() ? "" : " (" + format_idset(removal.engines) + ")";
      removal.request.answer(Code::ok, engines_text(removal.keys.size()) + " removed" + which);
    } else if (Clock::now() >= removal.deadline) {
      const std::string which = format_idset(left);
      removal.request.answer(
          Code::timed_out,
          Error{Code::timed_out,
                "still at work: engine " + which + "; what it runs is finished, then it goes",
                "at once: ipcluster engines remove --now -t " + which + plan_.cluster.options()}
              .text());
    } else {
      return false;
    }
    remember();
    return true;
  });
}

}  // namespace ipc::cluster
