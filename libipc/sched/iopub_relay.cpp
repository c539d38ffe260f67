// SPDX-License-Identifier: BSD-3-Clause
// iopub: what engines publish goes to every client.
#include "libipc/sched/iopub_relay.hpp"

#include "libipc/util/log.hpp"

namespace ipc::sched {
namespace {

constexpr Duration kSilence = std::chrono::minutes(1);  // between lines of the log

bool is_status(const wire::View& view) {
  return !view.identities.empty() && view.identities[0].ends_with(".status");
}

// Our engines number what they publish; of others the hub has to know when all of it is there.
bool is_numbered(const wire::View& view) {
  return view.metadata.find("\"published\"") != std::string_view::npos;
}

// Nothing is decided by it but when the message leaves, so a look at the text is enough.
bool is_of_apply(const wire::View& view) {
  return view.parent.find("\"apply_request\"") != std::string_view::npos;
}

}  // namespace

IopubRelay::IopubRelay(net::Loop& loop, net::Socket clients, net::Socket engines,
                       net::EventWriter& tap, std::uint64_t most_unsent)
    : loop_(loop),
      clients_(std::move(clients)),
      engines_(std::move(engines)),
      tap_(tap),
      most_unsent_(most_unsent) {
  net::tell_of_drops(clients_);
  loop.on_input(engines_, [this] { return from_engines(); });
  loop.on_input(clients_, [this] { return from_subscribers(); });
}

// Whether there is anybody: an XPUB tells of the first of a topic and of the last.
int IopubRelay::from_subscribers() {
  int taken = 0;
  net::Frames frames;
  for (; taken < net::kDrainLimit && clients_.receive(frames); ++taken) {
    const auto word = frames[0].view();
    if (word.starts_with('\1')) ++topics_;
    if (word.starts_with('\0') && topics_ > 0) --topics_;
  }
  return taken;
}

void IopubRelay::send(net::Frames& frames) {
  if (topics_ == 0 && from_subscribers() == 0) return;
  // Of one that does not read: the bytes are there once, for whoever they are.
  if (unsent_.total() > most_unsent_) {
    ++lost_;
    return dropped(std::to_string(most_unsent_ >> 20) +
                   " MB wait for subscribers: all lose output");
  }
  for (auto& frame : frames) frame = unsent_.count(std::move(frame));
  if (!net::publish(clients_, frames))
    dropped(std::to_string(kMostMessages) + " messages wait for a subscriber: it loses output");
}

void IopubRelay::dropped(const std::string& what) {
  if (loop_.now() < quiet_until_) return;
  quiet_until_ = loop_.now() + kSilence;
  log::warning("iopub: " + what + ", as one of them does not read");
}

int IopubRelay::from_engines() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(engines_, located); ++taken) {
    // Two of three messages are busy and idle, of which no record is kept.
    const bool status = located && is_status(message_.view);
    if (located && (!status || !is_numbered(message_.view)))
      tap_.add_message(net::EventKind::iopub, "", "", message_.view, message_.frames);
    if (status && is_of_apply(message_.view)) {
      hold();
    } else {
      release();
      send(message_.frames);
    }
  }
  return taken;
}

void IopubRelay::hold() {
  const bool is_idle = message_.view.content.find("\"idle\"") != std::string_view::npos;
  const TimePoint due = loop_.now() + (is_idle ? kIdleHold : kBusyHold);
  held_.push_back(std::move(message_.frames));
  if (timer_ != 0 && due_ <= due) return;
  if (timer_ != 0) loop_.cancel(timer_);
  due_ = due;
  timer_ = loop_.after(due - loop_.now(), [this] {
    timer_ = 0;
    release();
  });
}

void IopubRelay::release() {
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  for (auto& frames : held_) send(frames);
  held_.clear();
}

}  // namespace ipc::sched
