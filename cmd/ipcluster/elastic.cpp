// SPDX-License-Identifier: BSD-3-Clause
// How many engines an elastic cluster wants.
#include "cmd/ipcluster/elastic.hpp"

#include <algorithm>
#include <set>

namespace ipc::cluster {
namespace {

using Stage = ElasticEngine::Stage;

constexpr Duration kShortLook = milliseconds(100), kLongLook = seconds(10);
constexpr Duration kComing = seconds(1);  // an engine that starts is there soon

std::string count_text(std::int64_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// Several things may be done at once.
void add_reason(ElasticOrders& orders, const std::string& text) {
  orders.why += (orders.why.empty() ? "" : "; ") + text;
}

bool is_requested(const ElasticEngine& engine) {
  return engine.stage == Stage::queued || engine.stage == Stage::starting;
}

}  // namespace

ElasticOrders Elastic::decide(const ElasticNumbers& numbers, TimePoint now) {
  ElasticOrders orders;
  Count count = look(numbers, now);
  give_up_late(numbers, now, count, orders);
  grow(numbers, now, count, orders);
  shrink(numbers, now, count, orders);
  withdraw(numbers, now, count, orders);
  plan_look(numbers, now, count, orders);
  return orders;
}

void Elastic::failed(const std::string& why, TimePoint now) {
  trouble_ = why;
  if (pause(now) > Duration(0)) return;
  Duration pause = limits_.retry;
  for (int i = 0; i < failures_ && pause < limits_.pause_limit; ++i) pause *= 2;
  ++failures_;
  next_try_ = now + std::min(pause, limits_.pause_limit);
}

Duration Elastic::pause(TimePoint now) const {
  return next_try_ && now < *next_try_ ? *next_try_ - now : Duration(0);
}

/// Counts, and remembers since when each is what it is.
Elastic::Count Elastic::look(const ElasticNumbers& numbers, TimePoint now) {
  Count count;
  std::set<std::string> present;
  for (const auto& engine : numbers.engines) {
    present.insert(engine.key);
    const auto [entry, is_new] = memory_.try_emplace(engine.key);
    Memory& memory = entry->second;
    const bool changed = is_new || memory.stage != engine.stage;
    if (changed) {
      memory.stage = engine.stage;
      memory.since = now;
    }
    if (changed || engine.busy || memory.done != engine.done) memory.idle_since = now;
    memory.done = engine.done;
    const bool ready = engine.stage == Stage::ready;
    // One that has come proves that others can.
    if (ready && changed) failures_ = 0, next_try_.reset(), trouble_.clear();
    count.ready += ready;
    count.idle += ready && !engine.busy;
    count.requested += is_requested(engine);
    count.leaving += engine.stage == Stage::leaving;
  }
  std::erase_if(memory_, [&](const auto& entry) { return !present.contains(entry.first); });
  return count;
}

/// Engines that run, and should be there by now.
void Elastic::give_up_late(const ElasticNumbers& numbers, TimePoint now, Count& count,
                           ElasticOrders& orders) {
  for (const auto& engine : numbers.engines)
    if (engine.stage == Stage::starting && now - memory_[engine.key].since >= limits_.start)
      orders.give_up.push_back(engine.key);
  if (orders.give_up.empty()) return;
  count.requested -= static_cast<int>(orders.give_up.size());
  const std::string text =
      count_text(static_cast<std::int64_t>(orders.give_up.size()), "requested engine") +
      " not there after " + seconds_text(limits_.start);
  failed(text, now);
  add_reason(orders, text);
}

void Elastic::grow(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                   ElasticOrders& orders) {
  // Tasks that wait beside idle engines wait for something else.
  const bool lacking = numbers.waiting > 0 && count.idle == 0 && !numbers.others_idle;
  if (!lacking)
    lacking_since_.reset();
  else if (!lacking_since_)
    lacking_since_ = now;
  if (numbers.waiting == 0) cautious_ = 0;
  const bool settled = lacking && (count.ready == 0 || now - *lacking_since_ >= limits_.settle);
  // What is requested already is for these tasks.
  std::int64_t more = settled ? numbers.waiting - count.requested : 0;
  if (more > 0 && (cautious_ > 0 || limits_.step > 0)) {
    if (count.requested > 0) more = 0;
    if (limits_.step > 0) more = std::min<std::int64_t>(more, limits_.step);
    if (cautious_ > 0) more = std::min<std::int64_t>(more, cautious_);
  }
  more = std::min<std::int64_t>(more, limits_.max - count.have());
  const int lost = std::max(0, limits_.min - count.have());
  // Who leaves still takes a place.
  const int room = limits_.max - count.have() - count.leaving;
  const int wanted = static_cast<int>(
      std::clamp<std::int64_t>(std::max<std::int64_t>(more, lost), 0, std::max(0, room)));
  if (wanted == 0 || pause(now) > Duration(0)) return;
  orders.request = wanted;
  if (cautious_ > 0 && more > 0) cautious_ *= 2;
  add_reason(orders, count_text(wanted, "engine") + " requested: " +
                         (more > 0 ? count_text(numbers.waiting, "task") +
                                         (numbers.waiting == 1 ? " waits" : " wait")
                                   : "at least " + std::to_string(limits_.min) + " are wanted"));
}

/// Idle ones go, those first that are idle longest, of equals the last that came.
void Elastic::shrink(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                     ElasticOrders& orders) {
  const int spare = count.ready - limits_.min;
  std::vector<std::pair<TimePoint, std::string>> idle;
  for (auto engine = numbers.engines.rbegin(); engine != numbers.engines.rend(); ++engine) {
    const Memory& memory = memory_[engine->key];
    if (engine->stage == Stage::ready && !engine->busy &&
        now - memory.idle_since >= limits_.idle_timeout)
      idle.emplace_back(memory.idle_since, engine->key);
  }
  std::stable_sort(idle.begin(), idle.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (spare <= 0 || idle.empty()) return;
  idle.resize(std::min(idle.size(), static_cast<size_t>(spare)));
  for (auto& [since, key] : idle) orders.release.push_back(std::move(key));
  // Tasks that none of them took may have more requested soon, for nothing again.
  if (numbers.waiting > 0) cautious_ = 1;
  add_reason(orders, count_text(static_cast<std::int64_t>(idle.size()), "engine") +
                         " released: idle for " + seconds_text(limits_.idle_timeout));
}

/// What was requested for tasks that others have done, or that were withdrawn.
void Elastic::withdraw(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                       ElasticOrders& orders) {
  const int spare = std::min(count.requested, count.have() - limits_.min);
  const bool needed = numbers.waiting > 0 && count.idle == 0;
  if (needed || spare <= 0) return unneeded_since_.reset();
  if (!unneeded_since_) unneeded_since_ = now;
  if (now - *unneeded_since_ < limits_.idle_timeout) return;
  for (auto engine = numbers.engines.rbegin(); engine != numbers.engines.rend(); ++engine)
    if (is_requested(*engine) && static_cast<int>(orders.withdraw.size()) < spare &&
        std::find(orders.give_up.begin(), orders.give_up.end(), engine->key) ==
            orders.give_up.end())
      orders.withdraw.push_back(engine->key);
  unneeded_since_.reset();
  add_reason(orders, count_text(static_cast<std::int64_t>(orders.withdraw.size()), "request") +
                         " withdrawn: no task has waited for " +
                         seconds_text(limits_.idle_timeout));
}

/// While nothing waits, nothing is requested and nobody could be released, nobody need look.
void Elastic::plan_look(const ElasticNumbers& numbers, TimePoint now, const Count& count,
                        ElasticOrders& orders) const {
  const auto at = [&](Duration in) {
    in = std::max(in, kShortLook);
    if (!orders.look_in || in < *orders.look_in) orders.look_in = in;
  };
  const bool shrinks = count.ready > limits_.min || count.requested + count.leaving > 0;
  if (orders.request > 0 || shrinks || numbers.waiting > 0)
    at(std::clamp<Duration>(limits_.idle_timeout / 4, kShortLook, kLongLook));
  const bool starts =
      orders.request > 0 ||
      std::any_of(numbers.engines.begin(), numbers.engines.end(),
                  [](const auto& engine) { return engine.stage == Stage::starting; });
  if (starts) at(kComing);
  const bool wants = count.have() < limits_.min || (lacking_since_ && count.have() < limits_.max);
  if (!wants) return;
  if (pause(now) > Duration(0)) return at(pause(now));
  const Duration waited = lacking_since_ ? now - *lacking_since_ : Duration(0);
  at(waited < limits_.settle ? limits_.settle - waited : limits_.settle);
}

}  // namespace ipc::cluster
