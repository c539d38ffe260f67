// SPDX-License-Identifier: BSD-3-Clause
// Output that its asker takes more slowly than code prints: the code waits, as it would for a pipe.
#include <algorithm>
#include <utility>

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
  await_reader();
}

void Engine::await_reader() {
  reader_since_ = loop_.now();
  if (pace_timer_ != 0) return;
  const Duration period = std::min(config_.reader_look, config_.reader_limit);
  pace_timer_ = loop_.every(period, [this] { look_for_reader(); });
}

// It is held for this one.
bool Engine::awaits_reader(const Request& request) {
  return request.paced && is_behind(request, config_.reader_window / 2) &&
         kernels_.slot(request.kernel).kernel.is_held();
}

// Whoever is not awaited any more may have been the last one.
void Engine::read_on(Kernel& kernel) {
  bool awaits = false;
  queue_.each_started([&](const Request& request) {
    awaits |= awaits_reader(request) && &kernels_.slot(request.kernel).kernel == &kernel;
  });
  if (kernel.is_held() && !awaits) kernel.hold(false);
}

// What it is sent cannot be delivered if it has gone, and the hub says so.
void Engine::look_for_reader() {
  std::vector<Request*> awaited;
  queue_.each_started([&](Request& request) {
    if (awaits_reader(request)) awaited.push_back(&request);
  });
  if (awaited.empty()) return loop_.cancel(std::exchange(pace_timer_, 0));
  const bool is_long = loop_.now() - reader_since_ >= config_.reader_limit;
  for (Request* const request : awaited) {
    if (is_long) {
      give_up_reader(*request, "nobody took what it printed for " +
                                   seconds_text(config_.reader_limit));
      continue;
    }
    net::Frames nothing;
    nothing.emplace_back(std::string_view());
    outbox_.direct(*request, "stream", R"({"name":"stdout"})", std::move(nothing));
  }
}

// The asker's: how much it has taken of what a request printed; or the hub's: that it has gone.
void Engine::taken_request(Request& request) {
  const auto content = wire::parse_json(request.view().content);
  const bool is_object = content && content->is_object();
  Request* const of =
      is_object ? queue_.find_started_id(wire::string_or(*content, "msg_id")) : nullptr;
  if (is_object && wire::bool_or(*content, "gone", false)) {
    if (of != nullptr && of->paced) give_up_reader(*of, "whoever asked for it has gone");
    return;
  }
  const int64_t bytes = is_object ? wire::int_or(*content, "bytes", 0) : 0;
  if (of != nullptr && bytes > 0) {
    of->taken = std::max(of->taken, static_cast<std::uint64_t>(bytes));
    Kernel& kernel = kernels_.slot(of->kernel).kernel;
    if (kernel.is_held()) {
      await_reader();
      read_on(kernel);
    }
  }
  answer(request, R"({"status":"ok"})");
}

void Engine::give_up_reader(Request& request, const std::string& why) {
  log::warning("request " + request.msg_id + ": " + why + "; the rest is dropped");
  request.paced = request.directed = false;
  request.output_lost = true;
  read_on(kernels_.slot(request.kernel).kernel);
}

}  // namespace ipc::engine
