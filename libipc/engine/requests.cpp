// SPDX-License-Identifier: BSD-3-Clause
// The engine's work: requests to kernels, replies to the controller.
#include <array>

#include "libipc/engine/engine.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {

void Engine::request(net::Incoming&& message, Route route) {
  if (stopping_) return;
  auto parsed = Request::parse(std::move(message), route, parser_);
  if (!parsed) return log::warning("request dropped: " + parsed.error().text());
  RequestPtr request = *std::move(parsed);
  // Another cluster's engines have kernels of that name: its kernel passes it on.
  if (request->kernel == kernels_.main_name() || is_cluster(kernels_.main_name()))
    request->kernel.clear();
  // A scheduler's own words; from a client, who would be in the path, they are tasks like others.
  const bool of_controller = request->view().identities.size() == 1;
  const bool of_scheduler = request->route == Route::balanced && of_controller;
  if (of_scheduler && request->msg_type == "drain_reply") {
    drain_.told = drain_.on;
    return;
  }
  if (of_scheduler && request->msg_type == "recall_request") return hand_back_unbegun();
  if (of_scheduler && request->msg_type == "again_request") return repeat_reply(*request);
  if (of_controller && request->msg_type == "again_reply") return confirmed(request->route);
  if (messages_.take(request) || comes_again(*request)) return;
  if (handle(*request) || (drain_.on && turn_away(*request))) return;
  if (request->route == Route::balanced && is_away()) return outbox_.hand_back(*request);
  if (comes_round(*request))
    return outbox_.error(*request, "RecursionError",
                         kernels_.main_name() + " leads back to this engine, " +
                             std::to_string(id_) + ", which has the request already");
  // To a kernel some of these are the engine's own words, which have no answer: the queue would
  // stand behind them.
  if (!request->msg_type.ends_with("_request"))
    return outbox_.error(*request, "NotImplementedError", request->msg_type + " is no request");
  if (!queue_.push(request, loop_.now())) {
    std::vector<RequestPtr> one;
    one.push_back(std::move(request));
    abort(std::move(one));
  }
}

void Engine::pump() {
  if (stopping_) return;
  Kernel* fed = nullptr;
  for (;;) {
    const Request* const running = queue_.running();
    unsigned prefetch = 1, slots = 0;
    if (running != nullptr) {
      const KernelFacts& facts = kernels_.slot(running->kernel).kernel.facts();
      prefetch = facts.prefetch;
      slots = facts.slots;
    }
    Request* const next = queue_.next(prefetch, loop_.now(), slots);
    if (next == nullptr) break;
    KernelSlot& slot = kernels_.slot(next->kernel);
    const Fed result = feed(*next, slot);
    if (result == Fed::waits) break;
    if (result == Fed::written) fed = &slot.kernel;
  }
  if (fed != nullptr) fed->flush();
  check_drained();
}

Engine::Fed Engine::feed(Request& request, KernelSlot& slot) {
  if (!prepare(slot)) {
    const RequestPtr refused = queue_.reject();
    fail(*refused, slot.missing ? "NoSuchKernel" : "KernelStartFailed", slot.last_end,
         slot.kernel.generation());
    if (slot.missing) kernels_.forget(refused->kernel);
    return Fed::refused;
  }
  if (slot.kernel.state() != Kernel::State::ready) return Fed::waits;
  request.started = unix_now();
  show_code(request);
  const bool is_task = request.route == Route::balanced;
  const auto number =
      slot.kernel.send_request(request.parts(), request.frames(), is_task ? request.msg_id : "");
  queue_.start(loop_.now(), number);
  if (request.is_large()) request.drop_body();
  if (queue_.started() == 1 || slot.kernel.facts().has_slots) begin(request);
  return Fed::written;
}

// Has the kernel started if it is not; false: it cannot be, slot.last_end says why.
bool Engine::prepare(KernelSlot& slot) {
  if (slot.kernel.state() != Kernel::State::absent) return true;
  if (slot.gave_up) {
    // This request pays for the failure; the next one may find it cured.
    slot.gave_up = false;
    return false;
  }
  auto started = slot.kernel.start();
  slot.missing = !started && started.error().code == Code::no_input;
  if (!started) slot.last_end = started.error().text();
  return static_cast<bool>(started);
}

// The request is now what the kernel works on.
void Engine::begin(Request& request) {
  KernelSlot& slot = kernels_.slot(request.kernel);
  slot.kernel.forget();
  slot.last_parent = request.header();
  report(request, "busy");
  if (request.interrupted) slot.kernel.interrupt(request.msg_id);
  // A cluster's engines have limits of their own.
  if (!slot.kernel.facts().has_slots) watchdog_.began(slot.kernel, request.msg_id);
}

void Engine::kernel_message(Kernel& kernel, const KernelMessage& message) {
  enum { type_key, status_key, met_key };
  static constexpr std::array<std::string_view, 3> keys = {"msg_type", "status",
                                                           "dependencies_met"};
  std::array<std::string_view, keys.size()> head;
  KernelSlot& slot = kernels_.slot(kernel);
  if (!parser_.raw_fields(message.header, keys, head) || head[type_key].size() < 3)
    return kernel.fail("kernel broke the protocol: message without a type");
  for (auto& raw : head)
    if (raw.size() >= 2 && raw.front() == '"') raw = raw.substr(1, raw.size() - 2);
  const std::string_view type = head[type_key];
  if (type.ends_with("_reply")) return take_reply(slot, message, head);
  Request* const request = queue_.find_started(message.parent);
  if (type != "stream") {
    // The parser's memory is about to be used again.
    const std::string owned(type);
    if (owned == "slots" && kernel.facts().has_slots) return take_slots(kernel, message.content);
    if (request != nullptr && owned == "error") request->shown_error = true;
    // Only who can be asked gets to see a question; the code is told if there is nobody.
    if (owned == "input_request" && request != nullptr && !request->directed)
      return send_answer(*request, wire::dump_json({{"msg_id", request->msg_id}}));
    slot.output.publish(request, owned, message, kernel.reader());
    return;
  }
  const bool is_stderr = parser_.field(message.content, "name") == "stderr";
  if (message.buffers.empty()) return;
  if (is_stderr) kernel.add_words(message.buffers[0]);
  slot.output.stream(request, message.parent, is_stderr, message.buffers[0]);
  pace(slot, request, message.buffers[0].size());
}

void Engine::kernel_output(Kernel& kernel, bool is_stderr, std::string_view bytes) {
  KernelSlot& slot = kernels_.slot(kernel);
  Request* running = queue_.running();
  if (running != nullptr && running->kernel != kernels_.request_name(kernel)) running = nullptr;
  slot.output.stream(running, running != nullptr ? running->header() : slot.last_parent, is_stderr,
                     bytes);
  pace(slot, running, bytes.size());
}

void Engine::take_reply(KernelSlot& slot, const KernelMessage& message,
                        std::span<const std::string_view> head) {
  const std::uint64_t number = slot.kernel.count_reply();
  const bool not_run = slot.kernel.was_revoked(number) && head[1] == "aborted";
  const Request* const waiting = answered(slot, message.parent, number);
  if (waiting == nullptr) {
    if (not_run) return;  // taken back long ago
    return slot.kernel.fail("kernel broke the protocol: a reply nobody waits for");
  }
  const bool has_slots = slot.kernel.facts().has_slots;
  RequestPtr request = queue_.finish(loop_.now(), waiting);
  std::string stopped = watchdog_.ended();
  if (has_slots && drain_.late) stopped = drain_.verdict;
  slot.output.finish(request.get(), request->header());
  // Its reply may bring the next task of a scheduler that does not know that we go.
  if (request->route == Route::balanced && !connection_.is_ipkit()) check_drained();
  if (not_run && !request->withdrawn && request->is_whole()) {
    if (!drain_.on || !turn_away(*request)) queue_.put_back(std::move(request));
  } else if (!stopped.empty()) {
    fail(*request, drain_.late ? "EngineError" : "TaskTimeout", stopped, slot.kernel.generation());
    if (request->aborts_others) abort(queue_.withdraw_executes());
  } else if (request->output_lost) {
    fail(*request, "OutputLost",
         "what it printed was not read for " + seconds_text(config_.reader_limit) +
             ", and the rest was dropped; it ran to its end",
         slot.kernel.generation());
  } else {
    pass_reply(slot, *request, message, head);
  }
  if (Request* const next = queue_.running(); next != nullptr && !has_slots) begin(*next);
}

void Engine::pass_reply(KernelSlot& slot, Request& request, const KernelMessage& message,
                        std::span<const std::string_view> head) {
  show_end(request, message, head[1] == "error");
  Reply reply;
  reply.type = head[0];
  reply.status = head[1] == "error" || head[1] == "aborted" ? head[1] : "ok";
  reply.dependencies_met = head[2] != "false";
  reply.generation = slot.kernel.generation();
  reply.content = message.content;
  for (size_t i = 0; i < message.buffers.size(); ++i)
    reply.buffers.push_back(slot.kernel.reader().take_buffer(message, i));
  const bool failed = reply.status == "error";
  if (failed && request.route == Route::internal)
    log::error("startup code failed: " + reply.content);
  outbox_.reply(request, std::move(reply));
  report(request, "idle");
  if (failed && request.aborts_others) abort(queue_.withdraw_executes());
}

void Engine::abort(std::vector<RequestPtr>&& requests) {
  for (const auto& request : requests) {
    report(*request, "busy");
    outbox_.aborted(*request);
    report(*request, "idle");
  }
}

void Engine::fail(Request& request, std::string_view ename, const std::string& evalue,
                  int generation) {
  outbox_.error(request, ename, evalue, generation);
  report(request, "idle");
}

void Engine::report(const Request& request, std::string_view state) {
  if (request.status && request.route != Route::internal) outbox_.status(request.header(), state);
}

}  // namespace ipc::engine
