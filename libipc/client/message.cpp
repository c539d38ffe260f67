// SPDX-License-Identifier: BSD-3-Clause
// What a client sends and gets.
#include "libipc/client/message.hpp"

namespace ipc::client {
namespace {

wire::Json parse(std::string_view text) {
  auto json = wire::parse_json(text);
  return json ? *std::move(json) : wire::Json();
}

std::string_view buffer_of(const net::Incoming& message, size_t index) {
  const auto& buffers = message.view.buffers;
  return index < buffers.size() ? buffers[index] : std::string_view();
}

}  // namespace

wire::Json Reply::content() const {
  return parse(message.view.content);
}
wire::Json Reply::metadata() const {
  return parse(message.view.metadata);
}
std::string_view Reply::buffer(size_t index) const {
  return buffer_of(message, index);
}

Outcome outcome_of(std::string_view status) {
  return status == "ok" ? Outcome::ok : status == "aborted" ? Outcome::aborted : Outcome::error;
}

RemoteError error_of(const wire::Json& content, Outcome outcome) {
  RemoteError error = parse_remote_error(content);
  if (outcome == Outcome::aborted && error.ename.empty()) {
    error.ename = "TaskAborted";
    error.evalue = "withdrawn before it ran";
  }
  return error;
}

RemoteError Reply::error() const {
  RemoteError error = error_of(content(), outcome);
  if (error.engine < 0) error.engine = engine;
  return error;
}

wire::Json Output::content() const {
  return parse(message.view.content);
}

bool Output::is_stderr() const {
  return wire::string_or(content(), "name") == "stderr";
}

std::string_view Output::data() const {
  return text.empty() ? buffer_of(message, 0) : std::string_view(text);
}

}  // namespace ipc::client
