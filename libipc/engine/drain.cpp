// SPDX-License-Identifier: BSD-3-Clause
// The engine's time is over: it ends what runs, gives back what does not, and leaves.
#include "libipc/engine/engine.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

// What is on its way when the controller hears that we leave has come after this. The reference's
// has a process for each channel, and they hear of it one after the other.
constexpr Duration kOnTheWay = milliseconds(300), kOnTheWayOfOthers = seconds(1);
// For a request that was interrupted, as for one that ran too long; then all ends.
constexpr Duration kLast = Watchdog::kGrace + seconds(1);

}  // namespace

void Engine::drain(const std::string& why, bool patient) {
  if (stopping_) return;
  if (id_ < 0) {
    log::warning(why + ": the engine ends");
    return stop(why);
  }
  if (!patient && drain_timer_ == 0)
    drain_timer_ = loop_.after(config_.drain_limit, [this] { drain_is_late(); });
  if (drain_.on) return;
  log::warning(why + ": the engine takes no more work");
  drain_.on = true;
  drain_.why = why;
  tell_scheduler();
  pump();
}

// Our task scheduler takes back what has not begun, and says when nothing more will come. Others
// cannot, and get an answer to all they have sent.
void Engine::tell_scheduler() {
  drain_.told = !connection_.is_ipkit();
  if (drain_.told) return;
  uplink_.send_to_scheduler("drain_request");
  hand_back_unbegun();
}

void Engine::hand_back_unbegun() {
  unwrite();
  for (const auto& request : queue_.withdraw_balanced()) outbox_.hand_back(*request);
}

// A request that comes too late. Control requests do not: some of them help to end.
bool Engine::turn_away(Request& request) {
  if (request.route == Route::balanced && connection_.is_ipkit()) {
    outbox_.hand_back(request);
    return true;
  }
  if (request.route != Route::direct) return false;
  report(request, "busy");
  fail(request, "EngineError",
       "engine " + std::to_string(id_) + " takes no more work: " + drain_.why, 0);
  return true;
}

void Engine::check_drained() {
  if (!drain_.on || queue_.queued() + queue_.started() > 0) return;
  if (!drain_.left && drain_.told) leave();
  // Not from within the last call of the kernel that is to end.
  if (drain_.over) loop_.after(Duration{0}, [this] { stop(drain_.why); });
}

void Engine::leave() {
  drain_.left = true;
  asked_ = false;  // nothing is left to take back
  loop_.cancel(search_timer_);
  lost_since_.reset();
  uplink_.unregister(id_, "drained");
  const bool ours = connection_.is_ipkit();
  // A scheduler that does not know it yet would answer a reply with one more task.
  if (!ours) uplink_.hold_replies(true);
  linger_timer_ = loop_.after(ours ? kOnTheWay : kOnTheWayOfOthers, [this] {
    drain_.over = true;
    uplink_.hold_replies(false);
    check_drained();
  });
}

// The task may have half done what it does: it fails, and does not begin again elsewhere.
void Engine::drain_is_late() {
  drain_.late = true;
  drain_.told = true;
  unwrite();
  const std::string why = "as engine " + std::to_string(id_) + " ends: " + drain_.why +
                          ", and so are " + seconds_text(config_.drain_limit) + " more";
  for (const auto& request : queue_.withdraw_all())
    fail(*request, "EngineError", "never began, " + why, 0);
  drain_.verdict = "was stopped, " + why;
  if (Request* const running = queue_.running(); running != nullptr) {
    Kernel& kernel = kernels_.slot(running->kernel).kernel;
    if (kernel.facts().has_slots)
      interrupt_running();
    else
      watchdog_.interrupt(kernel, running->msg_id, drain_.verdict);
  }
  drain_timer_ = loop_.after(kLast, [this] { stop(drain_.why); });
  check_drained();
}

}  // namespace ipc::engine
