// SPDX-License-Identifier: BSD-3-Clause
// The kernels of an engine.
#include "libipc/engine/kernels.hpp"

#include <algorithm>

namespace ipc::engine {

bool RestartLimit::allow(TimePoint now, size_t most) {
  while (!times_.empty() && now - times_.front() > kWindow) times_.pop_front();
  if (times_.size() >= most) return false;
  times_.push_back(now);
  return true;
}

KernelSlot& KernelSet::slot(const std::string& name) {
  const std::string& full = name.empty() ? main_ : name;
  auto& slot = slots_[full];
  if (!slot) slot = std::make_unique<KernelSlot>(loop_, launcher_, owner_, outbox_, full);
  return *slot;
}

void KernelSet::forget(const std::string& name) {
  if (!name.empty() && name != main_) slots_.erase(name);
}

void KernelSet::end_all(Duration grace, bool gentle) {
  for (auto& [name, slot] : slots_) slot->kernel.end(grace, gentle);
}

bool KernelSet::all_ended() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const auto& entry) {
    return entry.second->kernel.state() == Kernel::State::absent;
  });
}

}  // namespace ipc::engine
