// SPDX-License-Identifier: BSD-3-Clause
// The kernels of an engine: the main one and those started beside it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libipc/engine/kernel.hpp"
#include "libipc/engine/output.hpp"

namespace ipc::engine {

/// How often a kernel may be started anew. Passive: the caller has the clock.
class RestartLimit {
 public:
  static constexpr Duration kWindow = seconds(60);

  /// True, and counted, if one more restart is within `most` of the last minute.
  bool allow(TimePoint now, size_t most);

 private:
  std::deque<TimePoint> times_;
};

/// One kernel with what the engine keeps about it.
struct KernelSlot {
  KernelSlot(net::Loop& loop, KernelLauncher& launcher, KernelOwner& owner, Outbox& outbox,
             const std::string& name)
      : kernel(loop, launcher, owner, name), output(outbox) {}
  Kernel kernel;
  Output output;
  RestartLimit limit;
  std::string last_end;  ///< why it ended last
  bool missing = false;  ///< there is no such kernel
  bool gave_up =
      false;  ///< it ended too often: the next request is refused, then it is tried again
  std::string last_parent =
      "{}";  ///< header of the request that ran last; for output between requests
};

/// Kernels by name; the main one's requests have the name "".
class KernelSet {
 public:
  KernelSet(net::Loop& loop, KernelLauncher& launcher, KernelOwner& owner, Outbox& outbox,
            std::string main)
      : loop_(loop), launcher_(launcher), owner_(owner), outbox_(outbox), main_(std::move(main)) {}

  const std::string& main_name() const { return main_; }
  /// The slot of a kernel ("" or its name); made if it is new, not started.
  KernelSlot& slot(const std::string& name);
  KernelSlot& slot(const Kernel& kernel) { return slot(kernel.name()); }
  /// The name requests have for this kernel.
  std::string request_name(const Kernel& kernel) const {
    return kernel.name() == main_ ? "" : kernel.name();
  }
  /// Forgets a kernel that could not be found; names come from clients.
  void forget(const std::string& name);
  void each(const std::function<void(Kernel&)>& visit) {
    for (auto& [name, slot] : slots_) visit(slot->kernel);
  }
  void end_all(Duration grace, bool gentle);
  bool all_ended() const;

 private:
  net::Loop& loop_;
  KernelLauncher& launcher_;
  KernelOwner& owner_;
  Outbox& outbox_;
  std::string main_;
  std::map<std::string, std::unique_ptr<KernelSlot>> slots_;
};

}  // namespace ipc::engine
