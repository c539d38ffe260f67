// SPDX-License-Identifier: BSD-3-Clause
// What an engine says.
#include "libipc/engine/outbox.hpp"

#include "libipc/util/clock.hpp"
#include "libipc/util/size.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {

// Of a reply's content; the rest is for the other parts. The asker would drop more, and wait on.
constexpr size_t kMostText = wire::Limits().json_bytes - (size_t{1} << 20);

Outbox::Outbox(Uplink& uplink) : uplink_(uplink) {
  set_id(-1);
}

void Outbox::set_id(int id) {
  id_ = id;
  const std::string uuid = json_quote(uplink_.session().id());
  topic_prefix_ = "engine." + std::to_string(id) + ".";
  engine_ = "{\"engine\":" + uuid + "}";
  info_ = "{\"engine_uuid\":" + uuid + ",\"engine_id\":" + std::to_string(id) + "}";
}

std::string Outbox::reply_metadata(const Request& request, const Reply& reply) const {
  std::string text;
  text.reserve(320 + request.label.size());  // the usual, without an error's facts
  text += "{\"started\":\"";
  text += iso8601(request.started != 0 ? request.started : unix_now());
  text += "\",\"dependencies_met\":";
  text += reply.dependencies_met ? "true" : "false";
  text += ",\"engine\":";
  text.append(engine_, 10, engine_.size() - 11);  // the quoted uuid within
  text += ",\"is_broadcast\":";
  text += request.is_broadcast ? "true" : "false";
  text += ",\"is_coalescing\":";
  text += request.is_coalescing ? "true" : "false";
  text += ",\"original_msg_id\":";
  text += request.original_id;
  text += ",\"label\":";
  text += request.label;
  text += ",\"status\":\"";
  text += reply.status;
  text += '"';
  if (request.published > 0) text += ",\"published\":" + std::to_string(request.published);
  if (reply.generation > 0) text += ",\"generation\":" + std::to_string(reply.generation);
  if (reply.status == "error") text += ",\"engine_info\":" + info_;
  text += '}';
  return text;
}

void Outbox::send(Request& request, std::string_view type, std::string&& metadata,
                  std::string&& content, net::Frames&& buffers, bool is_answer) {
  std::string header = uplink_.session().header(type);
  const size_t path = request.view().identities.size() + 1;  // with the delimiter
  net::Frames frames;
  frames.reserve(path + 5 + buffers.size());
  for (size_t i = 0; i < path; ++i) frames.push_back(request.frame(i));
  frames.emplace_back(uplink_.signer().sign(header, request.header(), metadata, content));
  frames.push_back(net::Frame::adopt(std::move(header)));
  frames.push_back(request.frame(path + 1));
  frames.push_back(net::Frame::adopt(std::move(metadata)));
  frames.push_back(net::Frame::adopt(std::move(content)));
  for (auto& buffer : buffers) frames.push_back(std::move(buffer));
  uplink_.send(request.route, std::move(frames), is_answer ? request.msg_id : "");
}

void Outbox::reply(Request& request, Reply&& reply) {
  if (request.route == Route::internal) return;
  if (const size_t size = reply.content.size(); size > kMostText)
    return error(request, "ValueError",
                 "the answer has " + size_text(size) + " of text, more than a message may (" +
                     size_text(wire::Limits().json_bytes) + ")",
                 reply.generation);
  std::string type(reply.type);
  if (type.empty()) {
    type = request.msg_type;
    if (type.ends_with("_request")) type.resize(type.size() - 8);
    type += "_reply";
  }
  // Handed back, it may come again to be run after all.
  send(request, type, reply_metadata(request, reply), std::move(reply.content),
       std::move(reply.buffers), reply.dependencies_met);
}

void Outbox::hand_back(Request& request) {
  abort(request, false);
}

void Outbox::aborted(Request& request) {
  abort(request, true);
}

void Outbox::abort(Request& request, bool dependencies_met) {
  Reply answer;
  answer.dependencies_met = dependencies_met;
  answer.status = "aborted";
  answer.content = R"({"status":"aborted"})";
  reply(request, std::move(answer));
}

void Outbox::error(Request& request, std::string_view ename, std::string_view evalue,
                   int generation) {
  std::string_view method = request.msg_type;
  if (method.ends_with("_request")) method.remove_suffix(8);
  send_error(request, ename, evalue,
             ",\"engine_info\":" + info_.substr(0, info_.size() - 1) +
                 ",\"method\":" + json_quote(method) + "}",
             generation);
}

void Outbox::engine_error(Request& request, std::string_view evalue, int generation) {
  send_error(request, "EngineError", evalue, "", generation);
}

void Outbox::send_error(Request& request, std::string_view ename, std::string_view evalue,
                        const std::string& info, int generation) {
  Reply answer;
  answer.status = "error";
  answer.generation = generation;
  const std::string name = json_quote(ename), value = json_quote(evalue);
  std::string line(ename);
  line += ": ";
  line += evalue;
  answer.content = R"({"status":"error","ename":)" + name + R"(,"evalue":)" + value +
                   R"(,"traceback":[)" + json_quote(line) + "]" + info + "}";
  reply(request, std::move(answer));
}

std::uint64_t Outbox::publish(std::string_view topic, std::string_view type,
                              std::string_view parent, std::string&& content,
                              net::Frames&& buffers) {
  net::Outgoing message;
  message.header = uplink_.session().header(type);
  message.parent = parent;
  const bool bare = type == "execute_result" || type == "display_data" || type == "shutdown_reply";
  // Replies take another way: by this number whoever has both knows what is still to come.
  message.metadata = bare ? "{" : engine_.substr(0, engine_.size() - 1) + ",";
  message.metadata += "\"published\":" + std::to_string(++published_) + "}";
  message.content = std::move(content);
  message.buffers = std::move(buffers);
  // These two have fixed topics in the protocol; all others are the engine's.
  const bool fixed = topic == "datapub" || topic == "comm";
  const std::string full = (fixed ? "" : topic_prefix_) + std::string(topic);
  const std::string_view identity = full;
  uplink_.publish(net::encode(uplink_.signer(), {&identity, 1}, std::move(message)));
  return published_;
}

void Outbox::publish(Request* request, std::string_view topic, std::string_view type,
                     std::string_view parent, std::string&& content, net::Frames&& buffers) {
  const auto number = publish(topic, type, parent, std::move(content), std::move(buffers));
  if (request != nullptr) request->published = number;
}

void Outbox::status(std::string_view parent, std::string_view state) {
  std::string content = R"({"execution_state":")";
  content += state;
  content += "\"}";
  publish("status", "status", parent, std::move(content));
}

void Outbox::direct(Request& request, std::string_view type, std::string&& content,
                    net::Frames&& buffers) {
  send(request, type, std::string(engine_), std::move(content), std::move(buffers), false);
}

void Outbox::shutdown_notice(std::string_view parent, const std::string& content) {
  publish("shutdown", "shutdown_reply", parent, std::string(content));
}

}  // namespace ipc::engine
