// SPDX-License-Identifier: BSD-3-Clause
// The bridge's requests: to the kernel, its replies, interrupts.
#include <algorithm>

#include "kernels/jupyter/bridge.hpp"
#include "libipc/util/text.hpp"

namespace ipc::jupyter {

using wire::Json;

namespace {

// After the reply, for the kernel's `idle` and what was printed before it; from the last message
// on.
constexpr Duration kRest = seconds(2);
// After `idle`, for a reply: a kernel that has none to a request just says that it is idle.
constexpr Duration kNoReply = seconds(1);
// A kernel says `busy` a moment before it can be interrupted.
constexpr Duration kInterruptDelay = milliseconds(50);
constexpr Duration kBusyLimit = seconds(2);

constexpr const char* kNoInput =
    "the code asks for input, and there is nobody to ask: send what it reads as a value (ippush)";

// What terminals of Jupyter's send for it.
constexpr const char* kEndOfFile = "\x04";

Json list_of_lines(const Json& traceback) {
  Json lines = Json::array();
  if (traceback.is_string()) lines.push_back(traceback);
  if (!traceback.is_array()) return lines;
  for (const auto& entry : traceback)
    if (entry.is_string())
      for (const auto& line : split(entry.get_ref<const std::string&>(), '\n'))
        lines.push_back(line);
  return lines;
}

bool is_known_to_few(std::string_view type) {
  return type == "push_request" || type == "pull_request" || type == "map_request" ||
         type == "list_request" || type == "clear_request" || type == "apply_request";
}

Json error_content(std::string_view ename, const std::string& evalue) {
  return {{"status", "error"}, {"ename", ename}, {"evalue", evalue}, {"traceback", Json::array()}};
}

}  // namespace

void Bridge::begin(Request&& request) {
  current_ = std::move(request);
  if (current_->type == "execute_request")
    execute(*current_);
  else if (is_known_to_few(current_->type))
    call(current_->type);
  else
    pass(*current_);
}

void Bridge::execute(Request& request) {
  const Json& content = request.content;
  if (wire::bool_or(content, "stdin", false))
    return refuse("ValueError",
                  "a Jupyter kernel's code has no standard input: push it as a value (ippush)");
  const auto argv = content.find("argv");
  if (argv != content.end() && argv->is_array() && argv->size() > 1)
    return refuse("ValueError",
                  "a Jupyter kernel's code takes no arguments: push them as values (ippush)");
  for (const char* key : {"push", "pull", "clear_before", "clear_after"})
    if (content.contains(key))
      return refuse(
          "NotImplementedError",
          "a Jupyter kernel's code runs alone: no values come or go with it, no clearing");
  request.silent = wire::bool_or(content, "silent", false);
  request.wants_value = wire::bool_or(content, "value", false);
  client_.send(Channel::shell, request.header, wire::dump_json(execute_content(request)), {},
               request.metadata);
}

// Kernels take `silent` as a wish to see no output at all; our clients want what is printed. So it
// is kept from the kernel, and the messages that it means are swallowed.
Json Bridge::execute_content(const Request& request) {
  const Json& content = request.content;
  const bool shown = !request.silent;
  Json expressions = content.value("user_expressions", Json::object());
  if (request.wants_value && has_helper())
    if (const Json own = dialect_->value_expressions(); own.is_object()) expressions = own;
  return {{"code", wire::string_or(content, "code")},
          {"silent", false},
          {"store_history", shown && wire::bool_or(content, "store_history", true)},
          {"user_expressions", std::move(expressions)},
          {"allow_stdin", wire::bool_or(content, "allow_stdin", false)},
          // What follows a failure is the engine's to decide.
          {"stop_on_error", false}};
}

void Bridge::pass(Request& request) {
  request.expects_reply = request.type.ends_with("_request");
  client_.send(Channel::shell, request.header, request.text, request.buffers, request.metadata);
}

// Has the helper serve the current request, or its part `type`.
void Bridge::call(std::string_view type) {
  if (!dialect_->serves(type) || !has_helper()) {
    const std::string why = helper_problem_.empty() ? "" : " (" + helper_problem_ + ")";
    return refuse("NotImplementedError", "a Jupyter kernel of language '" + language_ +
                                             "' does not serve " + std::string(type) + why +
                                             ": run code (ipexec) instead");
  }
  Request& request = *current_;
  request.calls_helper = true;
  const bool whole = type == request.type;
  const Json content = dialect_->call(type, whole ? request.text : "{}", request.buffers);
  const auto header = wire::parse_json(request.header);
  Json head = header && header->is_object() ? *header : Json::object();
  head["msg_type"] = "execute_request";
  client_.send(Channel::shell, wire::dump_json(head), wire::dump_json(content));
}

void Bridge::refuse(std::string_view ename, const std::string& evalue) {
  finish(error_content(ename, evalue), {});
}

// -- interrupts

void Bridge::interrupt(std::string_view msg_id) {
  if (!current_ || current_->id != msg_id || current_->reply) return;
  current_->interrupted = true;
  // Should it never say `busy`, the request is still to end.
  interrupt_after(current_->busy ? kInterruptDelay : kBusyLimit);
}

void Bridge::interrupt_after(Duration delay) {
  loop_.cancel(interrupt_timer_);
  interrupt_timer_ = loop_.after(delay, [this, id = current_->id] {
    if (!current_ || current_->id != id || current_->reply) return;
    if (config_.interrupt_by_message || !config_.interrupt)
      client_.ask(Channel::control, "interrupt_request", "{}");
    else
      config_.interrupt();
    // One that comes just as the code ends can cost the reply. Requests are served in turn: an
    // answer to this one says that the other is over.
    current_->probe_id = client_.ask(Channel::shell, "kernel_info_request", "{}");
  });
}

void Bridge::take_probe() {
  loop_.cancel(rest_timer_);
  rest_timer_ = loop_.after(kInterruptDelay, [this, id = current_->id] {
    if (current_ && current_->id == id && !current_->reply)
      refuse("KeyboardInterrupt", "interrupted");
  });
}

// On to whoever sent the request, if that is one who can be asked.
void Bridge::take_question(const FromKernel& message) {
  if (!wire::bool_or(current_->content, "allow_stdin", false)) return refuse_input();
  const auto content = wire::parse_json(message.parts.content);
  const Json question = {{"prompt", content ? wire::string_or(*content, "prompt") : ""},
                         {"password", content && wire::bool_or(*content, "password", false)}};
  link_.send(R"({"msg_type":"input_request"})", current_->header, wire::dump_json(question));
}

void Bridge::answer_input(const Json& content) {
  if (!current_ || current_->id != wire::string_or(content, "msg_id")) return;
  const Json answer = {{"status", "ok"}, {"value", wire::string_or(content, "value", kEndOfFile)}};
  client_.ask(Channel::input, "input_reply", wire::dump_json(answer));
}

// It was told that there is no input and asks all the same: its code is stopped.
void Bridge::refuse_input() {
  current_->refused_input = kNoInput;
  if (config_.interrupt && !config_.interrupt_by_message) config_.interrupt();
  client_.ask(Channel::input, "input_reply", R"({"status":"ok","value":""})");
}

// -- what the kernel says to the request

void Bridge::take_status(const FromKernel& message) {
  const auto state = parser_.field(message.parts.content, "execution_state");
  if (state == "busy") {
    current_->busy = true;
    if (current_->interrupted) interrupt_after(kInterruptDelay);
  } else if (state == "idle") {
    current_->idle = true;
    check_done();
  }
}

void Bridge::take_reply(const FromKernel& message) {
  auto content = wire::parse_json(message.parts.content);
  if (!content || !content->is_object())
    content = error_content("ValueError", "the kernel's reply is not JSON");
  if (!current_->answer && (current_->calls_helper || current_->wants_value))
    current_->answer = dialect_->answer_in_reply(*content);
  current_->reply = *std::move(content);
  for (const auto buffer : message.parts.buffers) current_->reply_buffers.emplace_back(buffer);
  check_done();
}

// True for what is between us and the kernel only.
bool Bridge::swallow(const FromKernel& message) {
  Request& request = *current_;
  const bool shows = message.type == "execute_result" || message.type == "display_data";
  const bool is_value = message.type == "execute_result" || (shows && dialect_->displays_values());
  if (shows && (request.calls_helper || (request.wants_value && is_value))) {
    const auto content = wire::parse_json(message.parts.content);
    if (!content) return true;
    if (request.calls_helper) {
      auto answer = dialect_->answer_in_display(*content);
      if (!answer) return false;
      request.answer = std::move(answer);
      return true;
    }
    const auto data = content->find("data");
    if (data != content->end() && data->is_object() && data->contains("text/plain"))
      request.value = wire::string_or(*data, "text/plain");
  }
  if (message.type == "execute_input") return request.silent || request.calls_helper;
  return message.type == "execute_result" && request.silent;
}

// Whatever comes for the request gives it more time.
void Bridge::wait_for_rest() {
  loop_.cancel(rest_timer_);
  rest_timer_ = loop_.after(kRest, [this] {
    if (current_ && current_->reply) over();
  });
}

void Bridge::check_done() {
  if (current_->reply && current_->idle) return over();
  if (current_->reply) return wait_for_rest();
  if (!current_->expects_reply) return finish({{"status", "ok"}}, {});
  loop_.cancel(rest_timer_);
  rest_timer_ = loop_.after(kNoReply, [this, id = current_->id] {
    if (!current_ || current_->id != id || current_->reply) return;
    if (current_->interrupted) return refuse("KeyboardInterrupt", "interrupted");
    if (current_->type == "connect_request") {
      Json ports = {{"status", "ok"}};
      for (const auto& [channel, port] : config_.endpoints.ports) ports[channel + "_port"] = port;
      return finish(std::move(ports), {});
    }
    refuse("NotImplementedError",
           "kernel '" + config_.name + "' does not answer " + current_->type);
  });
}

// The reply and all that belongs to the request is there.
void Bridge::over() {
  Request& request = *current_;
  if (!request.refused_input.empty())
    return refuse("StdinNotImplementedError", request.refused_input);
  if (request.execute_reply) return finish_value();
  if (request.calls_helper) {
    if (request.answer) return finish(request.answer->content, request.answer->buffers);
    if (request.interrupted) return refuse("KeyboardInterrupt", "interrupted");
    return refuse("RuntimeError", "the helper in the kernel did not answer");
  }
  Json content = *std::move(request.reply);
  request.reply.reset();
  if (!request.wants_value || wire::string_or(content, "status") != "ok")
    return finish(std::move(content), request.reply_buffers);
  content["user_expressions"] = Json::object();
  if (!request.value) return finish(std::move(content), {});
  request.execute_reply = std::move(content);
  if (request.answer || !has_helper()) return finish_value();
  request.busy = request.idle = false;
  call("value_request");
}

// With the value as the helper has it; without an answer the text must do.
void Bridge::finish_value() {
  Request& request = *current_;
  Json content = *std::move(request.execute_reply);
  content["value"] = {{"type", "repr"}};
  if (!request.answer || wire::string_or(request.answer->content, "status") != "ok")
    return finish(std::move(content), {*request.value});
  content["value"]["type"] = wire::string_or(request.answer->content, "type", "repr");
  finish(std::move(content), request.answer->buffers);
}

// An error as the contract has it.
void Bridge::complete_error(Json& content, const std::string& method) const {
  content["traceback"] = list_of_lines(content.value("traceback", Json()));
  content["evalue"] = std::string(trim(wire::string_or(content, "evalue")));
  content["engine_info"] = {
      {"engine_uuid", engine_uuid_}, {"engine_id", engine_id_}, {"method", method}};
  if (language_ != "python" || wire::string_or(content, "ename") != "SystemExit") return;
  const std::string code = wire::string_or(content, "evalue");
  const bool number = !code.empty() && code.size() < 10 &&
                      code.find_first_not_of("0123456789") == std::string::npos;
  content["exit_status"] = number ? std::stoi(code) & 0xff : code.empty() || code == "None" ? 0 : 1;
}

void Bridge::finish(Json content, std::vector<std::string> buffers) {
  loop_.cancel(rest_timer_);
  loop_.cancel(interrupt_timer_);
  if (config_.drain_output) config_.drain_output();
  const Request request = *std::move(current_);
  current_.reset();
  std::string status = wire::string_or(content, "status", "ok");
  if (status == "aborted" || status == "abort") {
    // Also the end of a request that was interrupted, R's for one.
    if (request.interrupted)
      content = error_content("KeyboardInterrupt", "interrupted");
    else
      content["status"] = "aborted";
    status = wire::string_or(content, "status");
  }
  const std::string type = request.type.substr(0, request.type.rfind("_request"));
  if (status == "error") complete_error(content, type);
  if (status != "error" && status != "aborted") status = "ok";  // is_complete_reply has its own
  link_.send("{\"msg_type\":" + json_quote(type + "_reply") + ",\"status\":\"" + status + "\"}",
             request.header, wire::dump_json(content), {buffers.begin(), buffers.end()});
  last_id_ = request.id;
  last_header_ = request.header;
  if (waiting_.empty()) return;
  Request next = std::move(waiting_.front());
  waiting_.pop_front();
  begin(std::move(next));
}

}  // namespace ipc::jupyter
