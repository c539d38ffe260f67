// SPDX-License-Identifier: BSD-3-Clause
// A kernel that runs several requests at a time: one that is another cluster, and may be away.
#include <algorithm>

#include "libipc/engine/engine.hpp"

namespace ipc::engine {
namespace {

constexpr Duration kLookForCluster = seconds(2);

}  // namespace

// How many tasks our scheduler may have run here at a time; others have a limit of their own.
void Engine::tell_slots() {
  const Kernel& main = kernels_.slot("").kernel;
  if (!is_cluster(main.name()) || id_ < 0 || !connection_.is_ipkit()) return;
  const unsigned slots = main.state() == Kernel::State::ready ? main.facts().slots : 0;
  uplink_.send_to_scheduler("slots_request", wire::dump_json({{"slots", slots}}));
}

void Engine::take_slots(Kernel& kernel, std::string_view content) {
  const auto parsed = wire::parse_json(content);
  if (!parsed || !parsed->is_object()) return;
  kernel.set_slots(slots_of(*parsed));
  if (kernel.name() != kernels_.main_name() || id_ < 0) return;
  tell_slots();
  if (is_away()) hand_back_while_away();
  tell_facts();
}

// The hub tells clients what an engine said of itself: its kernel's pid, how many tasks at a time.
void Engine::tell_facts() {
  if (connection_.is_ipkit() && !lost_since_) register_now(true);
}

// It cannot run tasks now, and nobody shall wait for it.
bool Engine::is_away() {
  const Kernel& main = kernels_.slot("").kernel;
  if (!is_cluster(main.name()) || !connection_.is_ipkit()) return false;
  return main.state() != Kernel::State::ready || main.facts().slots == 0;
}

// Tasks go elsewhere until the cluster is there again. What is sent to this engine by its number
// is refused with the reason.
void Engine::cluster_away(KernelSlot& slot) {
  tell_slots();
  hand_back_while_away();
  loop_.cancel(cluster_timer_);
  cluster_timer_ = loop_.after(kLookForCluster, [this, &slot] { restart(slot); });
  pump();
}

void Engine::hand_back_while_away() {
  if (!connection_.is_ipkit()) return;
  for (const auto& request : queue_.withdraw_balanced()) outbox_.hand_back(*request);
}

// It went through here before: passed on once more it would wait for itself.
bool Engine::comes_round(const Request& request) {
  if (!is_cluster(kernels_.main_name())) return false;
  const auto metadata = wire::parse_json(request.view().metadata);
  if (!metadata || !metadata->is_object()) return false;
  const auto path = metadata->find("clusters");
  return path != metadata->end() && path->is_array() &&
         std::find(path->begin(), path->end(), uplink_.session().id()) != path->end();
}

// Its kernel works on it, and has not only been given it ahead.
bool Engine::runs(const Request& request) {
  return &request == queue_.running() || kernels_.slot(request.kernel).kernel.facts().has_slots;
}

// What a reply is for; null if it is for nothing.
Request* Engine::answered(KernelSlot& slot, std::string_view parent, std::uint64_t number) {
  const bool in_any_order = slot.kernel.facts().has_slots;
  Request* const request = in_any_order ? queue_.find_started(parent) : queue_.running();
  if (request == nullptr || request->kernel != kernels_.request_name(slot.kernel)) return nullptr;
  const bool is_next = in_any_order || queue_.running_number() == number;
  return is_next && request->header() == parent ? request : nullptr;
}

}  // namespace ipc::engine
