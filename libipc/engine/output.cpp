// SPDX-License-Identifier: BSD-3-Clause
// Output of kernels: on iopub as text, and to the asker as the bytes they are.
#include "libipc/engine/output.hpp"

#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

const char* stream_name(bool is_stderr) {
  return is_stderr ? "stderr" : "stdout";
}

/// What our clients asked for goes to them too; the rest is for iopub alone.
bool is_directed(std::string_view type) {
  return type == "execute_input" || type == "execute_result" || type == "display_data" ||
         type == "update_display_data" || type == "clear_output" || type == "input_request";
}

std::string_view topic_of(std::string_view type) {
  if (type == "display_data" || type == "update_display_data" || type == "clear_output")
    return "displaypub";
  if (type == "data_message") return "datapub";
  if (type.starts_with("comm_")) return "comm";
  return type;
}

}  // namespace

void Output::send_text(Request* request, std::string_view parent, bool is_stderr,
                       std::string_view text) {
  if (text.empty()) return;
  const std::string name = stream_name(is_stderr);
  outbox_.publish(request, name, "stream", parent,
                  "{\"name\":\"" + name + "\",\"text\":" + json_quote(text) + "}");
}

void Output::stream(Request* request, std::string_view parent, bool is_stderr,
                    std::string_view bytes) {
  if (request != nullptr && request->directed) {
    net::Frames buffers;
    buffers.emplace_back(bytes);
    outbox_.direct(*request, "stream",
                   std::string(is_stderr ? R"({"name":"stderr"})" : R"({"name":"stdout"})"),
                   std::move(buffers));
  }
  send_text(request, parent, is_stderr, text_[is_stderr].take(bytes, false));
}

void Output::finish(Request* request, std::string_view parent) {
  if (request != nullptr && request->header() != parent) request = nullptr;
  for (const bool is_stderr : {false, true})
    send_text(request, parent, is_stderr, text_[is_stderr].take({}, true));
}

void Output::publish(Request* request, std::string_view type, const KernelMessage& message,
                     FrameReader& reader) {
  net::Frames buffers;
  for (size_t i = 0; i < message.buffers.size(); ++i)
    buffers.push_back(reader.take_buffer(message, i));
  if (request != nullptr && request->directed && is_directed(type)) {
    net::Frames shared;
    for (auto& buffer : buffers) shared.push_back(buffer.share());
    outbox_.direct(*request, type, std::string(message.content), std::move(shared));
  }
  if (type == "input_request") return;
  outbox_.publish(request, topic_of(type), type, message.parent, std::string(message.content),
                  std::move(buffers));
}

}  // namespace ipc::engine
