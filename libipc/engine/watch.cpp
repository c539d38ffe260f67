// SPDX-License-Identifier: BSD-3-Clause
// What is published only while somebody watches: code and values of requests that publish nothing
// by themselves, those of ipkit's own programs.
#include <unistd.h>

#include <algorithm>

#include "libipc/engine/engine.hpp"
#include "libipc/engine/pickled_name.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

constexpr long kLongestWatch = 600;
// More of a value is not for people.
constexpr size_t kMostShown = 64 * 1024;
constexpr size_t kMostCode = 200;

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// What an ipyparallel client calls.
std::string shown_apply(const Request& request) {
  const auto& buffers = request.view().buffers;
  const std::string name = buffers.empty() ? "" : pickled_name(buffers[0]);
  return "# apply " + (name.empty() ? "a function" : one_line(name));
}

// Text of a JSON list.
std::string listed(const wire::Json& content, const char* key) {
  std::string text;
  const auto list = content.find(key);
  if (list == content.end() || !list->is_array()) return text;
  for (const auto& item : *list)
    if (item.is_string()) text += (text.empty() ? " " : ", ") + item.get<std::string>();
  return one_line(std::move(text));
}

std::string shown_execute(const wire::Json& content) {
  if (!wire::bool_or(content, "silent", false)) return "";
  std::string code = wire::string_or(content, "code");
  // What it calls stands first, the rest only packs and unpacks.
  if (wire::string_or(content, "file") == "<ipapply>") code.resize(code.find('\n'));
  return code;
}

// Values that come or go in pieces are shown with the first of these.
std::string shown_push(const Request& request, const wire::Json& content) {
  if (content.contains("unbind")) return "# unbind" + listed(content, "unbind");
  if (content.contains("stage"))
    return wire::bool_or(content, "begin", false)
               ? "# push " + wire::string_or(content, "name") + ", in pieces"
               : "";
  size_t bytes = 0;
  for (const auto buffer : request.view().buffers) bytes += buffer.size();
  return "# push" + listed(content, "names") + ": " + std::to_string(bytes) +
         (bytes == 1 ? " byte" : " bytes");
}

// Kernels publish code by themselves if it is not silent.
std::string silent_code(const Request& request) {
  if (request.route == Route::internal) return "";
  if (request.msg_type == "apply_request") return shown_apply(request);
  // Only our programs want no `busy` and `idle`.
  const auto parsed = wire::parse_json(request.view().content);
  if (request.status || !parsed || !parsed->is_object()) return "";
  const wire::Json& content = *parsed;
  if (request.msg_type == "execute_request") return shown_execute(content);
  if (request.msg_type == "push_request") return shown_push(request, content);
  if (request.msg_type == "clear_request") return "# clear";
  if (request.msg_type == "pull_request")
    return content.contains("names") ? "# pull" + listed(content, "names") : "";
  if (request.msg_type != "map_request") return "";
  const wire::Json count = content.value("count", wire::Json());
  return wire::string_or(content, "code") + "  # map: " + wire::dump_json(count) +
         (count == 1 ? " item" : " items");
}

// What runs, in one short line; "" if that cannot be told any more.
std::string code_of(const Request& request) {
  const auto content = wire::parse_json(request.view().content);
  if (!content || !content->is_object()) return "";
  const std::string code = wire::string_or(*content, "code");
  return code.substr(0, std::min(code.find('\n'), kMostCode));
}

}  // namespace

void Engine::show_request(Request& request) {
  const auto content = wire::parse_json(request.view().content);
  const wire::Json time =
      content && content->is_object() ? content->value("seconds", wire::Json()) : wire::Json();
  if (!time.is_number_integer())
    return outbox_.error(request, "ValueError", "show_request without seconds");
  watched_until_ = loop_.now() + seconds(std::clamp<long>(time.get<long>(), 0, kLongestWatch));
  answer(request, R"({"status":"ok"})");
}

void Engine::state_request(Request& request) {
  wire::Json content = {{"status", "ok"},
                        {"running", nullptr},
                        {"waiting", queue_.queued()},
                        {"rss", resident_bytes(::getpid())}};
  if (const Request* running = queue_.running()) {
    const unsigned slots = kernels_.slot(running->kernel).kernel.facts().slots;
    const size_t ahead = queue_.started() - std::clamp<size_t>(slots, 1, queue_.started());
    content["waiting"] = queue_.queued() + ahead;
    const auto label = wire::parse_json(running->label);
    content["running"] = {{"msg_id", running->msg_id},
                          {"msg_type", running->msg_type},
                          {"kernel", running->kernel},
                          {"label", label ? *label : wire::Json()},
                          {"code", code_of(*running)},
                          {"seconds", static_cast<double>(unix_now() - running->started) / 1e6}};
  }
  answer(request, wire::dump_json(content));
}

void Engine::show_code(Request& request) {
  if (loop_.now() >= watched_until_) return;
  const std::string code = silent_code(request);
  if (code.empty()) return;
  outbox_.publish(&request, "execute_input", "execute_input", request.header(),
                  R"({"code":)" + json_quote(code) + R"(,"execution_count":0})");
}

void Engine::show_end(Request& request, const KernelMessage& message, bool failed) {
  if (loop_.now() >= watched_until_ || request.status) return;
  if (failed && !request.shown_error)
    return outbox_.publish(&request, "error", "error", request.header(),
                           std::string(message.content));
  if (failed || message.buffers.empty() || request.msg_type != "execute_request") return;
  // The value comes before those that are pulled.
  const auto content = wire::parse_json(message.content);
  if (!content || !content->is_object() || !content->contains("value")) return;
  outbox_.publish(&request, "displaypub", "display_data", request.header(),
                  R"({"data":{"text/plain":)" +
                      json_quote(message.buffers[0].substr(0, kMostShown)) +
                      R"(},"metadata":{"ipkit":"value"},"transient":{}})");
}

}  // namespace ipc::engine
