// SPDX-License-Identifier: BSD-3-Clause
// The engine's queue.
#include "libipc/engine/queue.hpp"

#include <algorithm>
#include <unordered_set>

namespace ipc::engine {
namespace {

constexpr size_t kMaxWithdrawn = 65536;
// Beyond so many, requests are copied out of the receive buffers they pin.
constexpr size_t kPackFrom = 1000;
// A single long request must not keep short ones from being written ahead for long.
constexpr Duration kLongest = milliseconds(20);

}  // namespace

bool Queue::push(RequestPtr& request, TimePoint now) {
  if (!withdrawn_.empty() && was_withdrawn(request->msg_id, now)) return false;
  if (queued() >= kPackFrom) request->pack();
  if (request->route == Route::internal)
    urgent_.push_front(std::move(request));
  else
    (request->route == Route::control ? urgent_ : waiting_).push_back(std::move(request));
  return true;
}

const RequestPtr* Queue::head() const {
  if (!urgent_.empty()) return &urgent_.front();
  return waiting_.empty() ? nullptr : &waiting_.front();
}

Request* Queue::next(unsigned prefetch, TimePoint now, unsigned slots) const {
  const RequestPtr* const first = head();
  if (first == nullptr) return nullptr;
  if (started_.empty()) return first->get();
  const bool has_slot = started_.size() < slots;
  const size_t most = std::min(prefetch, kMaxAhead) + std::max(slots, 1U) - 1;
  if (!has_slot && !may_go_ahead(**first, most, now)) return nullptr;
  const Request& last = *started_.back().request;
  if (last.kernel != (*first)->kernel) return nullptr;
  for (const auto& entry : started_)
    if (entry.request->aborts_others || !(has_slot || entry.request->is_whole())) return nullptr;
  return first->get();
}

bool Queue::may_go_ahead(const Request& request, size_t most, TimePoint now) const {
  if (started_.size() >= most || service_ >= kShort) return false;
  // Behind one that has turned out long, or whose failure would abort it, a request waits here,
  // where it can still be withdrawn.
  if (now - started_.front().since >= kShort) return false;
  // What may be taken back must be here still: what is written ahead, and what has only just been
  // written when that happens.
  return !request.is_large();
}

void Queue::start(TimePoint now, std::uint64_t number) {
  Line& line = head_line();
  started_.push_back({std::move(line.front()), number, now});
  line.pop_front();
}

RequestPtr Queue::reject() {
  Line& line = head_line();
  RequestPtr request = std::move(line.front());
  line.pop_front();
  return request;
}

Request* Queue::find_started(std::string_view header) const {
  for (const auto& entry : started_)
    if (entry.request->header() == header) return entry.request.get();
  return nullptr;
}

Request* Queue::find_started_id(std::string_view msg_id) const {
  for (const auto& entry : started_)
    if (entry.request->msg_id == msg_id) return entry.request.get();
  return nullptr;
}

bool Queue::has(std::string_view msg_id) const {
  const auto is_it = [msg_id](const RequestPtr& request) { return request->msg_id == msg_id; };
  return find_started_id(msg_id) != nullptr ||
         std::any_of(waiting_.begin(), waiting_.end(), is_it) ||
         std::any_of(urgent_.begin(), urgent_.end(), is_it);
}

RequestPtr Queue::finish(TimePoint now, const Request* other) {
  auto at = started_.begin();
  while (other != nullptr && at->request.get() != other) ++at;
  Started done = std::move(*at);
  started_.erase(at);
  const Duration took = std::min(now - std::max(done.since, last_reply_), kLongest);
  service_ += (took - service_) / 8;
  last_reply_ = now;
  // The next one began when this one ended.
  if (!started_.empty()) started_.front().since = now;
  return std::move(done.request);
}

void Queue::put_back(RequestPtr request) {
  const bool is_urgent = request->route == Route::control || request->route == Route::internal;
  (is_urgent ? urgent_ : waiting_).push_front(std::move(request));
}

void Queue::take_back(std::uint64_t begun) {
  while (started_.size() > 1 && started_.back().number > begun) {
    put_back(std::move(started_.back().request));
    started_.pop_back();
  }
}

bool Queue::was_withdrawn(const std::string& id, TimePoint now) {
  const auto found = withdrawn_.find(id);
  return found != withdrawn_.end() && now < found->second;
}

void Queue::remember(const std::string& id, TimePoint until) {
  const auto [place, is_new] = withdrawn_.try_emplace(id, until);
  if (!is_new) {
    place->second = std::max(place->second, until);
    return;
  }
  withdrawn_order_.push_back(id);
  if (withdrawn_order_.size() <= kMaxWithdrawn) return;
  withdrawn_.erase(withdrawn_order_.front());
  withdrawn_order_.pop_front();
}

template <class Match>
void Queue::take(Line& line, Match match, std::vector<RequestPtr>& into) {
  const auto kept = std::stable_partition(line.begin(), line.end(),
                                          [&](const RequestPtr& r) { return !match(*r); });
  std::move(kept, line.end(), std::back_inserter(into));
  line.erase(kept, line.end());
}

std::vector<RequestPtr> Queue::withdraw(std::span<const std::string> ids, TimePoint now,
                                        Duration memory) {
  const std::unordered_set<std::string_view> wanted(ids.begin(), ids.end());
  std::vector<RequestPtr> taken;
  const auto is_wanted = [&](const Request& r) { return wanted.contains(r.msg_id); };
  take(urgent_, is_wanted, taken);
  take(waiting_, is_wanted, taken);
  std::unordered_set<std::string_view> here;
  for (const auto& request : taken) here.insert(request->msg_id);
  for (const auto& entry : started_) {
    here.insert(entry.request->msg_id);
    if (is_wanted(*entry.request)) entry.request->withdrawn = true;
  }
  for (const auto& id : ids)
    if (!here.contains(id)) remember(id, now + memory);
  return taken;
}

std::vector<RequestPtr> Queue::withdraw_executes() {
  std::vector<RequestPtr> taken;
  const auto is_execute = [](const Request& r) { return r.msg_type == "execute_request"; };
  take(waiting_, is_execute, taken);
  for (const auto& entry : started_)
    if (is_execute(*entry.request)) entry.request->withdrawn = true;
  return taken;
}

std::vector<RequestPtr> Queue::withdraw_balanced() {
  std::vector<RequestPtr> taken;
  take(
      waiting_, [](const Request& r) { return r.route == Route::balanced; }, taken);
  return taken;
}

std::vector<RequestPtr> Queue::withdraw_all() {
  std::vector<RequestPtr> taken;
  const auto any = [](const Request&) { return true; };
  take(urgent_, any, taken);
  take(waiting_, any, taken);
  return taken;
}

std::vector<RequestPtr> Queue::kernel_died(std::string_view kernel, std::uint64_t begun) {
  std::vector<RequestPtr> taken;
  const auto belongs = [&](const Request& r) { return r.kernel == kernel; };
  // All that was started went to one kernel.
  if (!started_.empty() && belongs(*started_.front().request)) {
    take_back(begun);
    Started& first = started_.front();
    if (started_.size() == 1 && first.number > begun && first.request->is_whole()) {
      put_back(std::move(first.request));
      started_.clear();
    }
    for (auto& entry : started_) taken.push_back(std::move(entry.request));
    started_.clear();
  }
  const auto lost = [&](const Request& r) { return belongs(r) && r.route == Route::direct; };
  take(waiting_, lost, taken);
  return taken;
}

}  // namespace ipc::engine
