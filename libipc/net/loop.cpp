// SPDX-License-Identifier: BSD-3-Clause
// The one loop shape: drain every socket, act, flush, poll briefly only after work, then block.
#include "libipc/net/loop.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>

namespace ipc::net {

// From so many messages in this time on, blocking is better than looking: throughput counts then,
// the processors have other work, and more gathers for the next turn. One client that waits for
// each answer stays far below.
constexpr int kFlow = 60;
constexpr Duration kFlowTime = milliseconds(2);

struct Source {
  void* socket = nullptr;
  bool* used = nullptr;  // the socket's own note: its descriptor may have missed something
  int fd = -1;
  short events = 0;
  std::function<int()> on_input;
  std::function<void(short)> on_fd;
};

// zmq_poll asks every socket for its state, a system call each, before and after it waits. Here
// only those are asked whose descriptor says that something happened, or that were used since they
// last had no input: using a socket also takes notice of what arrived, and the descriptor is silent
// then.
static bool has_input(Source& source) {
  int events = 0, failed = 0;
  size_t size = sizeof events;
  do failed = zmq_getsockopt(source.socket, ZMQ_EVENTS, &events, &size);
  while (failed != 0 && zmq_errno() == EINTR);
  return *source.used = failed == 0 && (events & ZMQ_POLLIN) != 0;
}

struct Loop::Sources {
  // What one poll looks at. Handlers may change the list while it is gone through: it is never
  // changed but replaced, and keeps a source alive that removes itself while it runs.
  struct Polled {
    std::vector<std::shared_ptr<Source>> sources;
    std::vector<pollfd> items;
    std::vector<char> pending;  // has input for certain
  };
  std::vector<std::shared_ptr<Source>> list;
  std::shared_ptr<Polled> polled;

  void add(Source source) {
    list.push_back(std::make_shared<Source>(std::move(source)));
    polled.reset();
  }

  template <class Match>
  void remove(Match match) {
    for (auto& source : list)
      if (match(*source)) source->socket = nullptr, source->fd = -1;
    std::erase_if(list, [](const auto& s) { return s->socket == nullptr && s->fd < 0; });
    polled.reset();
  }

  std::shared_ptr<Polled> current() {
    if (!polled) {
      polled = std::make_shared<Polled>();
      polled->sources = list;
      polled->pending.resize(list.size());
      for (const auto& s : list) polled->items.push_back({s->fd, s->events, 0});
    }
    return polled;
  }
};

Loop::Loop()
    : sources_(std::make_unique<Sources>()), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  on_fd(wake_fd_, POLLIN, [this](short) {
    uint64_t count;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof count);
  });
}

Loop::~Loop() {
  ::close(wake_fd_);
}

void Loop::on_input(Socket& socket, std::function<int()> handler) {
  int fd = -1;
  size_t size = sizeof fd;
  zmq_getsockopt(socket.raw(), ZMQ_FD, &fd, &size);
  sources_->add({socket.raw(), socket.used_.get(), fd, POLLIN, std::move(handler), {}});
}

void Loop::remove(Socket& socket) {
  sources_->remove([raw = socket.raw()](const Source& s) { return s.socket == raw; });
}

void Loop::on_fd(int fd, short events, std::function<void(short)> handler) {
  remove_fd(fd);
  sources_->add({nullptr, nullptr, fd, events, {}, std::move(handler)});
}

void Loop::remove_fd(int fd) {
  sources_->remove([fd](const Source& s) { return s.socket == nullptr && s.fd == fd; });
}

Loop::TimerId Loop::after(Duration delay, std::function<void()> handler) {
  timers_.emplace(Clock::now() + delay, Timer{next_timer_, Duration{0}, std::move(handler)});
  return next_timer_++;
}

Loop::TimerId Loop::every(Duration period, std::function<void()> handler) {
  timers_.emplace(Clock::now() + period, Timer{next_timer_, period, std::move(handler)});
  return next_timer_++;
}

void Loop::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& entry) { return entry.second.id == timer; });
}

Loop::TurnEndId Loop::at_turn_end(std::function<void()> handler) {
  turn_end_.emplace(next_turn_end_, std::move(handler));
  return next_turn_end_++;
}

void Loop::cancel_turn_end(TurnEndId handler) {
  turn_end_.erase(handler);
}

void Loop::stop() {
  stopped_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
}

void Loop::run() {
  while (!stopped_) turn(std::chrono::hours(1));
}

bool Loop::turn(Duration limit) {
  const bool spinning = now_ - last_work_ < patience_ && !flowing_;
  const int taken = dispatch(spinning ? Duration{0} : until_next_timer(limit));
  const bool worked = taken > 0;
  if (worked) {
    learn_patience(now_ - last_work_);
    last_work_ = now_;
    taken_ += taken;
    if (now_ - taken_since_ >= kFlowTime) {
      flowing_ = taken_ * kFlowTime > kFlow * (now_ - taken_since_);
      taken_ = 0;
      taken_since_ = now_;
    }
  }
  const bool fired = fire_timers();
  if (worked || fired)
    for (auto& [id, handler] : turn_end_) handler();
  // Others on a full machine get the processor while we only look: cheap, and keeps a halted core
  // from costing each hand-over tens of microseconds.
  if (spinning && !worked) sched_yield();
  return worked || fired;
}

// How long an answer takes depends on the machine by a factor of three. What came a little later
// than it was looked for would have been seen with more patience; what came much later never.
void Loop::learn_patience(Duration gap) {
  if (spin_.count() > 0 && gap > patience_)
    patience_ = gap > kMostSpin ? spin_ : std::min<Duration>(2 * gap, kMostSpin);
}

int Loop::dispatch(Duration limit) {
  const auto polled = sources_->current();
  auto& items = polled->items;
  bool pending = false;
  for (size_t i = 0; i < items.size(); ++i) {
    Source& source = *polled->sources[i];
    polled->pending[i] = source.socket != nullptr && *source.used && has_input(source);
    pending |= polled->pending[i] != 0;
  }
  // Rounded up: a wait that ends before its timer is due would turn idly.
  const auto wait = std::chrono::ceil<milliseconds>(std::max(limit, Duration{0}));
  const int ready =
      ::poll(items.data(), items.size(), pending ? 0 : static_cast<int>(wait.count()));
  now_ = Clock::now();
  if (ready <= 0 && !pending) return 0;
  int taken = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    Source& source = *polled->sources[i];
    const short events = ready > 0 ? items[i].revents : short{0};
    if (source.fd < 0 || (events == 0 && polled->pending[i] == 0)) continue;
    if (source.socket == nullptr)
      source.on_fd(events), ++taken;
    else if (polled->pending[i] != 0 || has_input(source))
      taken += source.on_input();
  }
  return taken;
}

bool Loop::fire_timers() {
  bool fired = false;
  const TimePoint due = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= due) {
    auto node = timers_.extract(timers_.begin());
    auto handler = node.mapped().handler;
    if (node.mapped().period.count() > 0) {
      node.key() = due + node.mapped().period;
      timers_.insert(std::move(node));
    }
    handler();
    fired = true;
  }
  return fired;
}

Duration Loop::until_next_timer(Duration limit) const {
  if (timers_.empty()) return limit;
  return std::min(limit, timers_.begin()->first - Clock::now());
}

}  // namespace ipc::net
