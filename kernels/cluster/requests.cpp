// SPDX-License-Identifier: BSD-3-Clause
// The bridge's requests: to the cluster's engines, their replies and output.
#include <algorithm>
#include <array>

#include "kernels/cluster/bridge.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

using wire::Json;

// The engines a request has come through, by which one that leads back to itself is recognised.
constexpr const char* kPathKey = "clusters";

constexpr std::string_view kRequest = "_request";
// What asks only: one engine can tell.
constexpr std::array<std::string_view, 8> kQuestions = {
    "pull", "list", "complete", "inspect", "is_complete", "kernel_info", "history", "comm_info"};

/// Buffers of a reply, out of its frames where they are there.
net::Frames take_buffers(net::Incoming& message) {
  const auto& views = message.view.buffers;
  net::Frames buffers;
  for (size_t i = 0; i < views.size(); ++i) {
    const size_t at = message.frames.size() - views.size() + i;
    const bool is_there = message.frames.size() >= views.size() &&
                          message.frames[at].view().data() == views[i].data();
    buffers.push_back(is_there ? std::move(message.frames[at]) : net::Frame(views[i]));
  }
  return buffers;
}

// A failure before a success, then the engine with the lower number.
bool is_better(const client::Reply& a, const client::Reply& b) {
  const bool a_failed = a.outcome != client::Outcome::ok;
  const bool b_failed = b.outcome != client::Outcome::ok;
  return a_failed != b_failed ? a_failed : a.engine < b.engine;
}

}  // namespace

void Bridge::from_engine(const engine::KernelMessage& message) {
  if (const auto header = parser_.header(message.header); header) {
    const std::string id(header->msg_id), type(header->msg_type);
    if (type.ends_with(kRequest))
      take(message, id, std::string_view(type).substr(0, type.size() - kRequest.size()));
    return;
  }
  // The engine's own words have no id.
  const auto header = wire::parse_json(message.header);
  const auto content = wire::parse_json(message.content);
  if (!header || !header->is_object() || !content || !content->is_object()) return;
  const std::string type = wire::string_or(*header, "msg_type");
  if (type == "interrupt") return interrupt(wire::string_or(*content, "msg_id"));
  if (type != "hello") return;
  engine_uuid_ = wire::string_or(*content, "engine_uuid");
  engine_id_ = wire::int_or(*content, "engine_id", -1);
}

void Bridge::take(const engine::KernelMessage& message, const std::string& id,
                  std::string_view type) {
  const std::string header(message.header), word(type);
  const bool is_task = parser_.field(message.parent, "balanced") == "true" || type == "map";
  const auto metadata = wire::parse_json(message.metadata);
  const Json given = metadata && metadata->is_object() ? *metadata : Json::object();
  Json path = given.value(kPathKey, Json::array());
  if (!path.is_array()) path = Json::array();
  path.push_back(engine_uuid_);
  client::Request request;
  request.type = word + std::string(kRequest);
  request.content = message.content;
  for (size_t i = 0; i < message.buffers.size(); ++i)
    request.buffers.push_back(link_.take_buffer(message, i));
  request.kernel = wire::string_or(given, "kernel");
  if (request.kernel == name_) request.kernel.clear();
  request.directed = true;
  request.metadata = {{kPathKey, std::move(path)}};
  if (given.contains("label")) request.metadata["label"] = given["label"];
  works_[id] = Work{header, word};
  if (is_task) return submit(id, std::move(request));
  if (engines_.empty()) {
    works_.erase(id);
    return refuse(header, word, "EngineError", name_ + " has no engines");
  }
  const bool asks = std::find(kQuestions.begin(), kQuestions.end(), type) != kQuestions.end();
  works_[id].to_all = !asks && engines_.size() > 1;
  send(id, asks ? std::vector<int>{engines_.front()} : engines_, std::move(request));
}

void Bridge::submit(const std::string& id, client::Request request) {
  const std::string own = connection_->submit(
      std::move(request), [this, id](client::Reply&& reply) { take_reply(id, std::move(reply)); });
  note(id, own);
}

void Bridge::note(const std::string& id, const std::string& own) {
  Work& work = works_[id];
  work.ids.push_back(own);
  ++work.open;
  owners_[own] = id;
}

void Bridge::send(const std::string& id, const std::vector<int>& engines, client::Request request) {
  std::string why;
  for (const int engine : engines) {
    client::Request copy;
    copy.type = request.type;
    copy.content = request.content;
    copy.kernel = request.kernel;
    copy.directed = request.directed;
    copy.metadata = request.metadata;
    for (const auto& buffer : request.buffers) copy.buffers.push_back(buffer.share());
    const auto own = connection_->send(engine, std::move(copy), [this, id](client::Reply&& reply) {
      take_reply(id, std::move(reply));
    });
    if (!own) {
      why = own.error().text();
      continue;
    }
    note(id, *own);
  }
  const auto at = works_.find(id);
  if (at->second.open > 0) return;
  refuse(at->second.header, at->second.type, "EngineError", why);
  works_.erase(at);
}

void Bridge::interrupt(const std::string& id) {
  if (const auto found = works_.find(id); found != works_.end())
    connection_->cancel(found->second.ids);
}

void Bridge::take_reply(const std::string& id, client::Reply&& reply) {
  const auto found = works_.find(id);
  if (found == works_.end()) return;
  Work& work = found->second;
  if (!work.answer || is_better(reply, *work.answer)) work.answer = std::move(reply);
  if (--work.open == 0) finish(found);
}

void Bridge::finish(Works::iterator at) {
  auto node = works_.extract(at);
  Work& work = node.mapped();
  for (const auto& own : work.ids) owners_.erase(own);
  client::Reply& reply = *work.answer;
  const char* status = reply.outcome == client::Outcome::ok      ? "ok"
                       : reply.outcome == client::Outcome::error ? "error"
                                                                 : "aborted";
  std::string content(reply.message.view.content);
  if (reply.outcome == client::Outcome::error)
    content = error_content(reply, work.type);
  else if (work.type == "map")
    note_failed_items(content, reply.engine);
  const std::string header =
      R"({"msg_type":)" + json_quote(work.type + "_reply") + R"(,"status":")" + status + "\"}";
  link_.send_frames(header, work.header, content, take_buffers(reply.message));
}

void Bridge::refuse(const std::string& header, const std::string& type, const std::string& ename,
                    const std::string& evalue) {
  const Json content = {
      {"status", "error"},
      {"ename", ename},
      {"evalue", evalue},
      {"traceback", Json::array()},
      {"engine_info",
       {{"engine_uuid", engine_uuid_}, {"engine_id", engine_id_}, {"method", type}}}};
  link_.send(R"({"msg_type":)" + json_quote(type + "_reply") + R"(,"status":"error"})", header,
             wire::dump_json(content));
}

std::string Bridge::place(int engine) const {
  return "on engine " + (engine < 0 ? "?" : std::to_string(engine)) + " of " + name_;
}

// To the client it is an error of the engine whose kernel we are; the last line says where it was.
std::string Bridge::error_content(const client::Reply& reply, const std::string& type) const {
  Json content = reply.content();
  if (!content.is_object()) content = Json::object();
  content["status"] = "error";
  if (!content.contains("traceback") || !content["traceback"].is_array())
    content["traceback"] = Json::array();
  const int engine = reply.engine >= 0 ? reply.engine : reply.error().engine;
  content["traceback"].push_back(place(engine));
  content["engine_info"] = {
      {"engine_uuid", engine_uuid_}, {"engine_id", engine_id_}, {"method", type}};
  return wire::dump_json(content);
}

void Bridge::note_failed_items(std::string& content, int engine) const {
  if (content.find("\"failed\"") == std::string::npos) return;
  auto parsed = wire::parse_json(content);
  if (!parsed || !parsed->is_object() || !parsed->contains("failed")) return;
  Json& failed = (*parsed)["failed"];
  if (!failed.is_array() || failed.empty()) return;
  for (auto& item : failed)
    if (item.is_object() && item.contains("traceback") && item["traceback"].is_array())
      item["traceback"].push_back(place(engine));
  content = wire::dump_json(*parsed);
}

void Bridge::output(const client::Output& output) {
  const auto owner = owners_.find(std::string(output.id));
  const auto found = owner == owners_.end() ? works_.end() : works_.find(owner->second);
  if (found == works_.end()) return;
  const Work& work = found->second;
  if (output.type == "input_request") {
    // There is nobody to ask: end of file.
    client::Request answer;
    answer.type = "answer_request";
    answer.content = wire::dump_json({{"msg_id", std::string(output.id)}});
    if (output.engine >= 0)
      (void)connection_->control(output.engine, std::move(answer), [](client::Reply&&) {});
    return;
  }
  if (output.type == "stream") {
    const char* name = output.is_stderr() ? R"({"name":"stderr"})" : R"({"name":"stdout"})";
    link_.send(R"({"msg_type":"stream"})", work.header, name, {output.data()});
    if (link_.is_behind()) connection_->hold_output(true);
    return;
  }
  // The same of each: once is enough.
  if (work.to_all && output.type.starts_with("execute_") && output.engine != engines_.front())
    return;
  const auto& buffers = output.message.view.buffers;
  link_.send("{\"msg_type\":" + json_quote(output.type) + "}", work.header,
             output.message.view.content,
             std::vector<std::string_view>(buffers.begin(), buffers.end()));
}

}  // namespace ipc::cluster
