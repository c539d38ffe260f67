// SPDX-License-Identifier: BSD-3-Clause
// Requests the engine answers itself, while user code runs: abort, cancel, signal,
// drain, shutdown.
#include <array>
#include <csignal>
#include <cstring>

#include "libipc/engine/engine.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

using wire::Json;

// For ids that are not here yet: an abort may overtake its request on the way.
constexpr Duration kAbortMemory = std::chrono::minutes(10);
constexpr Duration kCancelMemory = seconds(60);

/// `msg_ids` of a content: a list of strings, or one string. Nothing if it is missing or wrong.
std::optional<std::vector<std::string>> message_ids(std::string_view content) {
  auto parsed = wire::parse_json(content);
  if (!parsed || !parsed->is_object()) return {};
  const auto found = parsed->find("msg_ids");
  if (found == parsed->end()) return {};
  if (found->is_string()) return {{found->get<std::string>()}};
  if (!found->is_array()) return {};
  std::vector<std::string> ids;
  for (const auto& id : *found)
    if (id.is_string()) ids.push_back(id.get<std::string>());
  return ids;
}

/// Number of a signal given as number or name ("SIGINT", "INT"); 0 if there is none.
int signal_number(const Json& value) {
  if (value.is_number_integer()) {
    const int64_t number = value.get<int64_t>();
    return number > 0 && number < NSIG ? static_cast<int>(number) : 0;
  }
  if (!value.is_string()) return 0;
  std::string name = value.get<std::string>();
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int number = 1; number < NSIG; ++number)
    if (const char* known = ::sigabbrev_np(number); known != nullptr && name == known)
      return number;
  return 0;
}

}  // namespace

// True if the request was answered here, or needs no answer.
bool Engine::handle(Request& request) {
  using Handler = void (Engine::*)(Request&);
  static constexpr std::pair<std::string_view, Handler> handlers[] = {
      {"abort_request", &Engine::abort_request},
      {"signal_request", &Engine::signal_request},
      {"interrupt_request", &Engine::interrupt_request},
      {"shutdown_request", &Engine::shutdown_request},
      {"cancel_request", &Engine::cancel_request},
      {"drain_request", &Engine::drain_request},
      {"show_request", &Engine::show_request},
      {"answer_request", &Engine::answer_request},
      {"state_request", &Engine::state_request},
      {"taken_request", &Engine::taken_request},
  };
  // A scheduler passes a cancel on over the task connection; the others are control's alone.
  if (request.route != Route::control && request.msg_type != "cancel_request") return false;
  for (const auto& [type, handler] : handlers) {
    if (request.msg_type != type) continue;
    report(request, "busy");
    (this->*handler)(request);
    report(request, "idle");
    return true;
  }
  return false;
}

void Engine::answer(Request& request, std::string content, std::string_view type,
                    std::string_view status) {
  Reply reply;
  reply.type = type;
  reply.status = status;
  reply.content = std::move(content);
  outbox_.reply(request, std::move(reply));
}

// What was written ahead, but has not begun, comes back into the queue.
void Engine::unwrite() {
  if (queue_.started() < 2) return;
  Kernel& kernel = kernels_.slot(queue_.running()->kernel).kernel;
  kernel.revoke();
  queue_.take_back(kernel.begun());
}

void Engine::unwrite(std::span<const std::string> ids) {
  for (const auto& id : ids) {
    Request* const started = queue_.find_started_id(id);
    if (started != nullptr && started != queue_.running()) return unwrite();
  }
}

void Engine::abort_request(Request& request) {
  const auto ids = message_ids(request.view().content);
  if (!ids) return outbox_.error(request, "ValueError", "abort_request without msg_ids");
  if (ids->empty()) {
    unwrite();
    abort(queue_.withdraw_executes());
  } else {
    unwrite(*ids);
    abort(queue_.withdraw(*ids, loop_.now(), kAbortMemory));
  }
  answer(request, R"({"status":"ok"})");
}

void Engine::cancel_request(Request& request) {
  const auto ids = message_ids(request.view().content);
  if (!ids) return outbox_.error(request, "ValueError", "cancel_request without msg_ids");
  unwrite(*ids);
  auto withdrawn = queue_.withdraw(*ids, loop_.now(), kCancelMemory);
  Json content = {{"status", "ok"}, {"withdrawn", Json::array()}, {"interrupted", Json::array()}};
  for (const auto& one : withdrawn) content["withdrawn"].push_back(one->msg_id);
  abort(std::move(withdrawn));
  for (const auto& id : *ids) {
    Request* const started = queue_.find_started_id(id);
    if (started == nullptr) continue;
    content["interrupted"].push_back(id);
    // One that was written ahead may have begun before it could be taken back.
    started->interrupted = true;
    if (runs(*started)) kernels_.slot(started->kernel).kernel.interrupt(started->msg_id);
  }
  answer(request, wire::dump_json(content));
}

bool Engine::interrupt_running() {
  queue_.each_started([this](const Request& request) {
    if (runs(request)) kernels_.slot(request.kernel).kernel.interrupt(request.msg_id);
  });
  return queue_.running() != nullptr;
}

Status Engine::signal_kernel(int number) {
  const Request* const running = queue_.running();
  return kernels_.slot(running != nullptr ? running->kernel : "").kernel.signal(number);
}

bool Engine::pass_signal(int number) {
  if (number == SIGINT) return interrupt_running();
  if (number != SIGUSR1 && number != SIGUSR2) return false;
  if (const Status sent = signal_kernel(number); !sent) log::warning(sent.error().text());
  return true;
}

void Engine::signal_request(Request& request) {
  // The reference's reply has this type, and its clients take it as it is.
  constexpr std::string_view reply_type = "_request";
  auto content = wire::parse_json(request.view().content);
  const int number = content && content->is_object() && content->contains("sig")
                         ? signal_number((*content)["sig"])
                         : 0;
  Status sent;
  if (number == 0) {
    sent = Error{Code::bad_input, "no such signal", ""};
  } else if (number == SIGINT) {
    interrupt_running();
  } else {
    sent = signal_kernel(number);
  }
  if (sent) return answer(request, R"({"status":"ok"})", reply_type);
  const std::string what = json_quote(sent.error().text());
  answer(request,
         R"({"status":"error","ename":"ValueError","evalue":)" + what + R"(,"traceback":[)" + what +
             "]}",
         reply_type, "error");
}

void Engine::interrupt_request(Request& request) {
  interrupt_running();
  answer(request, R"({"status":"ok"})");
}

// What somebody typed for code that asked: to the kernel, if it is that code which runs.
void Engine::answer_request(Request& request) {
  const auto content = wire::parse_json(request.view().content);
  const std::string id = content && content->is_object() ? wire::string_or(*content, "msg_id") : "";
  const Request* const running = queue_.running();
  if (running == nullptr || running->msg_id != id)
    return outbox_.error(request, "ValueError", "answer_request: the request does not run");
  send_answer(*running, request.view().content);
  answer(request, R"({"status":"ok"})");
}

void Engine::send_answer(const Request& running, std::string_view content) {
  Kernel& kernel = kernels_.slot(running.kernel).kernel;
  const std::array<std::string_view, 4> parts = {R"({"msg_type": "input_reply"})", "{}", "{}",
                                                 content};
  kernel.send(parts);
  kernel.flush();
}

void Engine::drain_request(Request& request) {
  answer(request, R"({"status":"ok"})");
  drain("it is not needed any more", true);
}

void Engine::shutdown_request(Request& request) {
  auto content = wire::parse_json(request.view().content);
  const bool restart = content && wire::bool_or(*content, "restart", false);
  const std::string reply =
      std::string(R"({"status":"ok","restart":)") + (restart ? "true" : "false") + "}";
  outbox_.shutdown_notice(request.header(), reply);
  answer(request, reply);
  stop("a client asked for it");
}

}  // namespace ipc::engine
