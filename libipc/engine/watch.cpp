// SPDX-License-Identifier: BSD-3-Clause
// What is published only while somebody watches: code and values of requests that publish nothing
// by themselves, those of ipkit's own programs.
#include <algorithm>

#include "libipc/engine/engine.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

constexpr long kLongestWatch = 600;
// More of a value is not for people.
constexpr size_t kMostShown = 64 * 1024;

// Requests of our programs: they want no `busy` and `idle`. Kernels publish code by themselves if
// it is not silent.
std::string silent_code(const Request& request) {
  if (request.status || request.route == Route::internal) return "";
  const auto content = wire::parse_json(request.view().content);
  if (!content || !content->is_object()) return "";
  if (request.msg_type == "execute_request")
    return wire::bool_or(*content, "silent", false) ? wire::string_or(*content, "code") : "";
  if (request.msg_type != "map_request") return "";
  const wire::Json count = content->value("count", wire::Json());
  return wire::string_or(*content, "code") + "  # map: " + wire::dump_json(count) +
         (count == 1 ? " item" : " items");
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
