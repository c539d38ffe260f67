// SPDX-License-Identifier: BSD-3-Clause
// Clients that wait for tasks or engines.
#include "libipc/hub/waits.hpp"

#include <algorithm>

namespace ipc::hub {
namespace {

constexpr std::size_t kMost = 4096;

// Nobody is told of an end while output is missing.
TaskState state_of(const std::string& id, const Accounts& accounts) {
  const bool missing = accounts.late_output().is_missing(id);
  return missing ? TaskState::pending : accounts.state(id);
}

}  // namespace

bool Waits::is_ready(const Wait& wait, const Accounts& accounts, std::size_t engines) {
  if (wait.unassigned >= 0)
    return static_cast<long long>(accounts.without_engine()) >= wait.unassigned;
  if (wait.ids.empty()) return static_cast<long long>(engines) >= wait.engines;
  const bool patient = wait.patience > 0;
  bool unknown = false, pending = false, finished = false, missing = false;
  for (const auto& id : wait.ids) {
    const TaskState state = state_of(id, accounts);
    missing = missing || accounts.late_output().is_missing(id);
    unknown = unknown || state == TaskState::unknown;
    pending = pending || state == TaskState::pending;
    finished = finished || state > TaskState::pending;
  }
  if (wait.until_known) return (!unknown || !patient) && !missing;
  return finished || (!pending && !(unknown && patient));
}

bool Waits::add(Wait wait, const Accounts& accounts, std::size_t engines) {
  if (is_ready(wait, accounts, engines)) return true;
  waits_.push_back(std::move(wait));
  if (waits_.size() > kMost) waits_.pop_front();
  return false;
}

std::vector<Waits::Wait> Waits::ready(const Accounts& accounts, std::size_t engines) {
  touched_ = false;
  std::vector<Wait> taken;
  for (auto it = waits_.begin(); it != waits_.end();) {
    const auto here = it++;
    if (!is_ready(*here, accounts, engines)) continue;
    taken.push_back(std::move(*here));
    waits_.erase(here);
  }
  return taken;
}

bool Waits::is_patient() const {
  return std::any_of(waits_.begin(), waits_.end(), [](const Wait& w) { return w.patience > 0; });
}

void Waits::lose_patience() {
  for (auto& wait : waits_) wait.patience = std::max(wait.patience - 1, 0);
  touched();
}

wire::Json Waits::content(const Wait& wait, const Accounts& accounts, std::size_t engines) {
  if (wait.unassigned >= 0) return {{"status", "ok"}, {"unassigned", accounts.without_engine()}};
  if (wait.ids.empty()) return {{"status", "ok"}, {"engines", engines}};
  wire::Json done = wire::Json::object(), pending = wire::Json::array(),
             unknown = wire::Json::array();
  for (const auto& id : wait.ids) {
    const TaskState state = state_of(id, accounts);
    if (state == TaskState::unknown)
      unknown.push_back(id);
    else if (state == TaskState::pending)
      pending.push_back(id);
    else
      done[id] = state_name(state);
  }
  return {{"status", "ok"}, {"done", done}, {"pending", pending}, {"unknown", unknown}};
}

}  // namespace ipc::hub
