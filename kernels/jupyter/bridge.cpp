// SPDX-License-Identifier: BSD-3-Clause
// The bridge's start, and what concerns no request.
#include "kernels/jupyter/bridge.hpp"

#include <unistd.h>

#include "libipc/util/text.hpp"

namespace ipc::jupyter {

using wire::Json;

namespace {

constexpr Duration kProbeAgain = milliseconds(200);
// A kernel that answers but says nothing on iopub: some send no status.
constexpr int kSilentProbes = 10;

}  // namespace

Bridge::Bridge(net::Loop& loop, Client& client, EngineLink& link, BridgeConfig config)
    : loop_(loop), client_(client), link_(link), config_(std::move(config)) {}

void Bridge::start() {
  probe();
  probe_timer_ = loop_.every(kProbeAgain, [this] {
    // Not before it answered once: requests wait in the socket until the kernel listens.
    if (state_ != State::probing || !answered_) return;
    if (++probes_ >= kSilentProbes) return load_helper();
    probe();
  });
}

// A subscription takes its time, and what is published before is lost: asked again until heard.
void Bridge::probe() {
  client_.ask(Channel::shell, "kernel_info_request", "{}");
}

void Bridge::probed(const FromKernel& message) {
  if (message.channel == Channel::iopub) heard_ = heard_ || !message.parent_id.empty();
  if (message.channel == Channel::shell && message.type == "kernel_info_reply" && !answered_) {
    answered_ = true;
    if (config_.is_up) config_.is_up();
    const auto content = wire::parse_json(message.parts.content);
    if (!content) return config_.fail("its answer to kernel_info_request is not JSON");
    const Json info = content->is_object() ? content->value("language_info", Json()) : Json();
    language_ = wire::string_or(info, "name", config_.name);
    version_ = wire::string_or(info, "version");
    dialect_.emplace(language_, config_.directory);
  }
  if (answered_ && heard_) load_helper();
}

void Bridge::load_helper() {
  state_ = State::loading;
  loop_.cancel(probe_timer_);
  const auto code = dialect_->loader(!config_.adopted);
  if (!code) helper_problem_ = code.error().text();
  if (!code || code->empty()) return ready();
  const Json content = {{"code", *code},          {"silent", true},
                        {"store_history", false}, {"user_expressions", Json::object()},
                        {"allow_stdin", false},   {"stop_on_error", false}};
  load_id_ = client_.ask(Channel::shell, "execute_request", wire::dump_json(content));
}

void Bridge::ready() {
  state_ = State::ready;
  Json content = {{"language", language_},
                  {"version", version_},
                  {"pid", config_.pid > 0 ? config_.pid : ::getpid()},
                  {"prefetch", 1}};
  link_.send(R"({"msg_type":"ready"})", "{}", wire::dump_json(content));
}

void Bridge::from_engine(const engine::KernelMessage& message) {
  const auto header = wire::parse_json(message.header);
  const std::string type = header ? wire::string_or(*header, "msg_type") : "";
  auto content = wire::parse_json(message.content);
  if (!content || !content->is_object()) content = Json::object();
  if (type == "hello") {
    engine_uuid_ = wire::string_or(*content, "engine_uuid");
    engine_id_ = wire::int_or(*content, "engine_id", -1);
  } else if (type == "interrupt") {
    interrupt(wire::string_or(*content, "msg_id"));
  } else if (type == "input_reply") {
    answer_input(*content);
  } else if (type != "withdraw") {
    Request request;
    request.header = message.header;
    request.id = header ? wire::string_or(*header, "msg_id") : "";
    request.type = type;
    request.text = message.content;
    request.metadata = message.metadata;
    request.content = *std::move(content);
    for (const auto buffer : message.buffers) request.buffers.emplace_back(buffer);
    if (current_)
      waiting_.push_back(std::move(request));
    else
      begin(std::move(request));
  }
}

void Bridge::from_kernel(const FromKernel& message) {
  if (state_ == State::probing) return probed(message);
  if (state_ == State::loading) {
    if (message.channel != Channel::shell || message.parent_id != load_id_) return;
    const auto content = wire::parse_json(message.parts.content);
    if (content && wire::string_or(*content, "status") != "ok")
      helper_problem_ = wire::string_or(*content, "evalue", "its helper could not be loaded");
    return ready();
  }
  const bool ours = current_ && message.parent_id == current_->id;
  if (message.channel == Channel::input) {
    if (ours && message.type == "input_request") take_question(message);
  } else if (message.channel == Channel::iopub) {
    if (message.type == "status") {
      if (ours) take_status(message);
    } else if (!ours || !swallow(message)) {
      publish(message);
    }
    if (ours && current_->reply) wait_for_rest();
  } else if (message.channel == Channel::shell && ours) {
    take_reply(message);
  } else if (message.channel == Channel::shell && current_ && !current_->reply &&
             !message.parent_id.empty() && message.parent_id == current_->probe_id) {
    take_probe();
  }
}

void Bridge::output(bool is_stderr, std::string_view bytes) {
  if (state_ != State::ready) return;
  const char* content = is_stderr ? R"({"name":"stderr"})" : R"({"name":"stdout"})";
  link_.send(R"({"msg_type":"stream"})", current_ ? current_->header : last_header_, content,
             {bytes});
}

std::string Bridge::parent_of(const FromKernel& message) const {
  if (current_ && message.parent_id == current_->id) return current_->header;
  if (!last_id_.empty() && message.parent_id == last_id_) return last_header_;
  return std::string(message.parts.parent);
}

void Bridge::publish(const FromKernel& message) {
  const std::string head = "{\"msg_type\":" + json_quote(message.type) + "}";
  if (message.type != "stream") {
    const auto& buffers = message.parts.buffers;
    return link_.send(head, parent_of(message), message.parts.content,
                      {buffers.begin(), buffers.end()});
  }
  const auto content = wire::parse_json(message.parts.content);
  if (!content) return;
  const Json name = {{"name", wire::string_or(*content, "name", "stdout")}};
  link_.send(head, parent_of(message), wire::dump_json(name), {wire::string_or(*content, "text")});
}

}  // namespace ipc::jupyter
