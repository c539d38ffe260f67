// SPDX-License-Identifier: BSD-3-Clause
// The engine's queue: what waits, what a kernel has, what was withdrawn. No sockets, no clock.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "libipc/engine/request.hpp"
#include "libipc/util/clock.hpp"

namespace ipc::engine {

/// One queue for all kernels of an engine. Requests run in order of arrival, control requests
/// before the others, and one at a time but for a kernel with slots; a few short ones are written
/// ahead to a kernel that can take them.
/// Every request that enters leaves exactly once: by finish(), or in the list of one of the others.
class Queue {
 public:
  /// What may be written ahead, and how short requests must be for it.
  static constexpr unsigned kMaxAhead = 32;
  static constexpr Duration kShort = microseconds(500);

  /// Takes a request. False: it was withdrawn before it came; the caller answers `aborted` (the
  /// request is left in place).
  bool push(RequestPtr& request, TimePoint now);

  /// The request that should be written to its kernel now, if there is one: nothing runs, or
  /// the kernel of what runs takes one more: it runs `slots` at a time (0: one after the other),
  /// and has room for `prefetch`. Stays owned by the queue until start() or reject().
  Request* next(unsigned prefetch, TimePoint now, unsigned slots = 0) const;
  /// The request next() gave was written to its kernel, as its `number`.
  void start(TimePoint now, std::uint64_t number);
  /// The request next() gave cannot run: takes it out.
  RequestPtr reject();

  /// The request whose reply must come first; null if nothing runs.
  Request* running() const { return started_.empty() ? nullptr : started_.front().request.get(); }
  /// A request that was started and has this header; null if there is none.
  Request* find_started(std::string_view header) const;
  Request* find_started_id(std::string_view msg_id) const;
  /// It waits or runs.
  bool has(std::string_view msg_id) const;
  std::uint64_t running_number() const { return started_.front().number; }
  /// Calls `visit` with each request that was started.
  template <class Visit>
  void each_started(Visit visit) const {
    for (const auto& entry : started_) visit(*entry.request);
  }
  /// The reply for running() came: takes it out. With `other`: for that one, which was started.
  RequestPtr finish(TimePoint now, const Request* other = nullptr);
  /// Of the started requests behind running() those with a number above `begun` wait again where
  /// they stood.
  void take_back(std::uint64_t begun);
  /// So does one that was finished, but has not run.
  void put_back(RequestPtr request);

  /// Takes out queued requests with these ids; ids that are not here are remembered and withdrawn
  /// when they come, for `memory`. Started ones are only marked `withdrawn`: whether their kernel
  /// has begun them its reply tells.
  std::vector<RequestPtr> withdraw(std::span<const std::string> ids, TimePoint now,
                                   Duration memory);
  /// Takes out all queued execute_requests of the shell channel (an empty abort_request, or a
  /// failure).
  std::vector<RequestPtr> withdraw_executes();
  /// Takes out all that is queued and balanced; or all.
  std::vector<RequestPtr> withdraw_balanced();
  std::vector<RequestPtr> withdraw_all();
  /// `kernel` died: takes out what it had begun, and what it had not but came directly. Balanced
  /// requests that it was given after number `begun` wait again.
  std::vector<RequestPtr> kernel_died(std::string_view kernel, std::uint64_t begun);

  size_t queued() const { return urgent_.size() + waiting_.size(); }
  size_t started() const { return started_.size(); }
  /// Mean duration of the last requests.
  Duration service_time() const { return service_; }

 private:
  struct Started {
    RequestPtr request;
    std::uint64_t number;
    TimePoint since;  // when the kernel can have begun with it
  };
  using Line = std::deque<RequestPtr>;
  const RequestPtr* head() const;
  bool may_go_ahead(const Request& request, size_t most, TimePoint now) const;
  Line& head_line() { return urgent_.empty() ? waiting_ : urgent_; }
  bool was_withdrawn(const std::string& id, TimePoint now);
  void remember(const std::string& id, TimePoint until);
  template <class Match>
  void take(Line& line, Match match, std::vector<RequestPtr>& into);

  Line urgent_, waiting_;  // control; shell
  std::deque<Started> started_;
  Duration service_ = milliseconds(1);
  TimePoint last_reply_{};
  std::unordered_map<std::string, TimePoint> withdrawn_;  // id → until
  std::deque<std::string> withdrawn_order_;
};

}  // namespace ipc::engine
