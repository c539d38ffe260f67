// SPDX-License-Identifier: BSD-3-Clause
// Output that its asker takes more slowly than code prints: the code waits, as it would for a pipe.
#include <algorithm>

#include "libipc/engine/engine.hpp"
#include "libipc/util/log.hpp"

namespace ipc::engine {
namespace {

bool is_behind(const Request& request, std::uint64_t most) {
  return request.shown > request.taken + most;
}

}  // namespace

// After `bytes` of a request's streams were sent.
void Engine::pace(KernelSlot& slot, Request* request, std::size_t bytes) {
  if (request == nullptr || !request->paced) return;
  request->shown += bytes;
  if (slot.kernel.is_held() || !is_behind(*request, config_.reader_window)) return;
  slot.kernel.hold(true);
  loop_.cancel(pace_timer_);
  pace_timer_ = loop_.after(config_.reader_limit, [this] { give_up_reader(); });
}

// The asker's: how much it has taken of what a request printed.
void Engine::taken_request(Request& request) {
  const auto content = wire::parse_json(request.view().content);
  const bool is_object = content && content->is_object();
  Request* const of =
      is_object ? queue_.find_started_id(wire::string_or(*content, "msg_id")) : nullptr;
  const int64_t bytes = is_object ? wire::int_or(*content, "bytes", 0) : 0;
  if (of != nullptr && bytes > 0) {
    of->taken = std::max(of->taken, static_cast<std::uint64_t>(bytes));
    Kernel& kernel = kernels_.slot(of->kernel).kernel;
    if (kernel.is_held()) {
      loop_.cancel(pace_timer_);
      pace_timer_ = loop_.after(config_.reader_limit, [this] { give_up_reader(); });
      bool is_late = false;
      queue_.each_started([&](const Request& other) {
        is_late |= other.paced && is_behind(other, config_.reader_window / 2);
      });
      if (!is_late) kernel.hold(false);
    }
  }
  answer(request, R"({"status":"ok"})");
}

void Engine::give_up_reader() {
  pace_timer_ = 0;
  const Request* const running = queue_.running();
  if (running == nullptr) return;
  Kernel& kernel = kernels_.slot(running->kernel).kernel;
  if (!kernel.is_held()) return;
  queue_.each_started([this](Request& request) {
    if (!request.paced || !runs(request) || !is_behind(request, config_.reader_window / 2)) return;
    log::warning("request " + request.msg_id + ": nobody took what it printed for " +
                 seconds_text(config_.reader_limit) + "; the rest is dropped");
    request.paced = request.directed = false;
    request.output_lost = true;
  });
  kernel.hold(false);
}

}  // namespace ipc::engine
