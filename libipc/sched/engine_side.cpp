// SPDX-License-Identifier: BSD-3-Clause
// The engine-facing socket of a relay: knows who is registered and waits for connections that are
// late.
#include "libipc/sched/engine_side.hpp"

#include <iterator>
#include <utility>

#include "libipc/sched/journal.hpp"

namespace ipc::sched {
namespace {

// A registration is finished when the heartbeat's connection is up: the others were begun before it
// and need a moment more, or a reconnect.
constexpr Duration kStep = milliseconds(10);
constexpr Duration kPatience = seconds(5);

}  // namespace

EngineSide::EngineSide(net::Loop& loop, net::Socket socket, std::function<void()> catch_up,
                       std::function<void(net::Frames&&)> undeliverable)
    : loop_(loop),
      socket_(std::move(socket)),
      batch_(loop, [this](net::Frames& frames) { send_now(frames); }),
      catch_up_(std::move(catch_up)),
      undeliverable_(std::move(undeliverable)) {
  socket_.set_router_mandatory(true);
}

bool EngineSide::try_send(net::Frames& frames) {
  if (socket_.send(std::span<net::Frame>(frames)) != net::SendStatus::sent) return false;
  frames.clear();
  return true;
}

void EngineSide::send_now(net::Frames& frames) {
  if (journal_ != nullptr) journal_->commit();
  // Look-ups only where something is amiss: the usual message goes straight through.
  if (held_ == 0 && try_send(frames)) return;
  auto engine = engines_.find(frames[0].view());
  if (engine == engines_.end()) {
    if (held_ > 0 && try_send(frames)) return;
    catch_up_();
    engine = engines_.find(frames[0].view());
    if (engine == engines_.end()) return undeliverable_(std::move(frames));
  }
  Held& held = engine->second;
  if (held_ > 0 && held.messages.empty() && try_send(frames)) return;
  hold(held, frames);
}

void EngineSide::hold(Held& held, net::Frames& frames) {
  if (held.messages.empty()) held.until = loop_.now() + kPatience;
  held.messages.push_back(std::move(frames));
  frames.clear();
  ++held_;
  arm();
}

void EngineSide::engine_removed(std::string_view uuid) {
  const auto engine = engines_.find(uuid);
  if (engine == engines_.end()) return;
  auto messages = std::move(engine->second.messages);
  engines_.erase(engine);
  held_ -= messages.size();
  hand_back(std::move(messages));
}

void EngineSide::hand_back(std::deque<net::Frames>&& messages) {
  for (auto& frames : messages) undeliverable_(std::move(frames));
}

void EngineSide::arm() {
  if (armed_) return;
  armed_ = true;
  loop_.after(kStep, [this] { retry(); });
}

void EngineSide::retry() {
  armed_ = false;
  const TimePoint now = Clock::now();
  std::deque<net::Frames> lost;
  for (auto& [uuid, held] : engines_) {
    while (!held.messages.empty() && try_send(held.messages.front())) {
      held.messages.pop_front();
      --held_;
    }
    if (held.messages.empty() || now < held.until) continue;
    held_ -= held.messages.size();
    std::move(held.messages.begin(), held.messages.end(), std::back_inserter(lost));
    held.messages.clear();
  }
  if (held_ > 0) arm();
  hand_back(std::move(lost));
}

}  // namespace ipc::sched
