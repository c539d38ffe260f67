// SPDX-License-Identifier: BSD-3-Clause
// One request on its way through the engine.
#include "libipc/engine/request.hpp"

#include <array>

namespace ipc::engine {
namespace {

constexpr size_t kPackBelow = 8 << 10;
constexpr size_t kTextFrames = 4;  // header, parent, metadata, content

// Raw JSON text of a string without escapes; what has escapes is no kernel's name.
std::string unquote(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"') return std::string(raw);
  return std::string(raw.substr(1, raw.size() - 2));
}

}  // namespace

Result<RequestPtr> Request::parse(net::Incoming&& message, Route route, wire::FieldParser& parser) {
  auto request = std::make_unique<Request>();
  request->route = route;
  request->message_ = std::move(message);
  IPC_TRY_ASSIGN(const wire::Header header, parser.header(request->header()));
  request->msg_id = header.msg_id;
  request->msg_type = header.msg_type;
  IPC_TRY(request->take_metadata(parser));
  request->take_content(parser);
  return request;
}

Status Request::take_metadata(wire::FieldParser& parser) {
  const std::string_view metadata = view().metadata;
  if (metadata == "{}") return {};
  enum {
    kernel_key,
    status_key,
    output_key,
    paced_key,
    broadcast_key,
    coalescing_key,
    original_key,
    label_key
  };
  static constexpr std::array<std::string_view, 8> keys = {
      "kernel",        "status",          "output", "paced", "is_broadcast",
      "is_coalescing", "original_msg_id", "label"};
  std::array<std::string_view, keys.size()> raw;
  if (!parser.raw_fields(metadata, keys, raw))
    return Error{Code::bad_input, "metadata is not a JSON object", ""};
  if (!raw[kernel_key].empty() && raw[kernel_key] != "null") kernel = unquote(raw[kernel_key]);
  status = raw[status_key] != "false";
  directed = raw[output_key] == "\"reply\"";
  paced = directed && raw[paced_key] == "true";
  is_broadcast = raw[broadcast_key] == "true";
  is_coalescing = raw[coalescing_key] == "true";
  if (!raw[original_key].empty()) original_id = raw[original_key];
  if (!raw[label_key].empty()) label = raw[label_key];
  // Our own clients say what is to follow a failure; the reference's rely on this rule.
  aborts_others = raw[status_key].empty() && raw[output_key].empty();
  return {};
}

void Request::take_content(wire::FieldParser& parser) {
  const bool of_reference = aborts_others || view().metadata == "{}";
  aborts_others = false;
  if (!of_reference || msg_type != "execute_request" || !kernel.empty()) return;
  static constexpr std::array<std::string_view, 2> keys = {"silent", "stop_on_error"};
  std::array<std::string_view, keys.size()> raw;
  if (parser.raw_fields(view().content, keys, raw))
    aborts_others = raw[0] != "true" && raw[1] != "false";
}

RequestPtr Request::internal(std::string_view type, std::string header, std::string content) {
  auto request = std::make_unique<Request>();
  request->route = Route::internal;
  request->msg_type = type;
  auto& message = request->message_;
  for (const std::string_view part :
       {wire::kDelimiter, std::string_view(), std::string_view(header), std::string_view("{}"),
        std::string_view("{}"), std::string_view(content)})
    message.frames.emplace_back(part);
  message.locate();
  return request;
}

net::Frame Request::frame(size_t i) {
  if (i < message_.frames.size() && message_.frames[i].size() == message_.views[i].size())
    return message_.frames[i].share();
  return net::Frame(message_.views[i]);
}

std::span<const std::string_view> Request::parts() const {
  return std::span(message_.views).subspan(view().identities.size() + 2);
}

std::span<net::Frame> Request::frames() {
  if (message_.frames.empty()) return {};
  return std::span(message_.frames).subspan(view().identities.size() + 2);
}

size_t Request::size() const {
  size_t total = 0;
  for (const auto bytes : message_.views) total += bytes.size();
  return total;
}

void Request::pack() {
  const size_t total = size();
  if (message_.frames.empty() || total >= kPackBelow) return;
  block_.reserve(total);
  for (auto& bytes : message_.views) {
    const size_t at = block_.size();
    block_.append(bytes);
    bytes = std::string_view(block_).substr(at, bytes.size());
  }
  message_.frames = net::Frames();
  // The span of views did not move, the texts did.
  auto found = wire::locate(message_.views);
  if (found) message_.view = *found;
}

void Request::drop_body() {
  is_whole_ = false;
  const size_t keep = view().identities.size() + 2 + kTextFrames;
  message_.views.resize(keep);
  if (message_.frames.size() > keep) message_.frames.resize(keep);
  message_.view.buffers = {};
}

}  // namespace ipc::engine
