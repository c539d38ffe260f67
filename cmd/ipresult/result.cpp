// SPDX-License-Identifier: BSD-3-Clause
// What a finished job left.
#include "cmd/ipresult/result.hpp"

#include "libipc/cli/jobs.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/client/guest.hpp"
#include "libipc/client/unpickle.hpp"
#include "libipc/util/text.hpp"

namespace ipresult {

using ipc::client::Outcome;
using ipc::wire::Json;
using ipc::wire::string_or;

namespace {

Json member(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object[key] : Json();
}

// The value of -p, then those that were pulled: a buffer each, in this order.
void take_values(const Json& content, std::vector<std::string>& buffers, JobResult& into) {
  size_t next = 0;
  const auto take = [&](std::string name, std::string type) {
    if (next < buffers.size())
      into.values.push_back({std::move(name), std::move(type), std::move(buffers[next++])});
  };
  if (const Json value = member(content, "value"); value.is_object())
    take("", string_or(value, "type"));
  const Json pulled = member(content, "pulled");
  const Json names = member(pulled, "names"), types = member(pulled, "types");
  if (!names.is_array() || !types.is_array()) return;
  for (size_t i = 0; i < names.size() && i < types.size(); ++i)
    if (names[i].is_string() && types[i].is_string()) take(names[i], types[i]);
}

// What a client has shown of code in a notebook.
void take_shown(const Json& io, JobResult& into) {
  const Json data = member(member(io, "execute_result"), "data");
  if (auto text = string_or(data, "text/plain"); !text.empty())
    into.values.push_back({"", "text", std::move(text)});
}

// What a function of a Python client returned, if it is plain enough.
void take_returned(const std::vector<std::string>& buffers, JobResult& into) {
  if (buffers.size() == 1)
    if (auto value = ipc::client::read_pickle(buffers[0])) {
      into.values.push_back({"", std::move(value->type), std::move(value->bytes)});
      return;
    }
  if (!buffers.empty()) into.record["pickle"] = ipc::cli::base64(buffers[0]);
}

std::string why_unkept(const std::string& type, const JobResult& result) {
  if (result.outcome != Outcome::ok || !result.values.empty()) return "";
  if (type == "pull_request" || type == "map_request")
    return "its values went to the command that asked for them and are not kept";
  if (type == "apply_request")
    return "its value is a Python object: a Python client can read it, --json has the pickle";
  return "";
}

void add_text(std::string& line, const char* key, const std::string& text) {
  if (!text.empty()) line += std::string(",\"") + key + "\":" + ipc::json_quote(text);
}

}  // namespace

JobResult read_result(const std::string& id, ipc::client::JobRecord record,
                      const ipc::client::EngineTable& table) {
  JobResult result;
  result.id = id;
  result.record = std::move(record.record);
  Json content = member(result.record, "result_content");
  const std::string type = string_or(member(result.record, "header"), "msg_type");
  // What a tool of ours asked of an engine of ipyparallel's came back in the value of a call.
  const bool wrapped = type == "apply_request" && ipc::client::unwrap_kept(record.buffers, content);
  result.engine = ipc::client::engine_of(table, result.record);
  result.outcome = ipc::client::outcome_of(string_or(content, "status"));
  const Json io = member(result.record, "io");
  result.out = string_or(io, "stdout");
  result.err = string_or(io, "stderr");
  if (result.outcome == Outcome::ok) {
    if (type == "apply_request" && !wrapped)
      take_returned(record.buffers, result);
    else
      take_values(content, record.buffers, result);
    take_shown(io, result);
  } else {
    result.error = ipc::client::error_of(content, result.outcome);
  }
  result.unkept = wrapped ? "" : why_unkept(type, result);
  return result;
}

std::string JobResult::json() const {
  const Json header = member(record, "header"), ended = member(record, "result_header");
  std::string line = R"({"id":)" + ipc::json_quote(ipc::cli::job_word(id));
  line += R"(,"engine":)" + (engine < 0 ? "null" : std::to_string(engine));
  const char* status = outcome == Outcome::ok        ? "ok"
                       : outcome == Outcome::aborted ? "aborted"
                                                     : "error";
  line += std::string(R"(,"status":")") + status + "\"";
  std::string pulled;
  for (const auto& value : values) {
    const std::string text = ipc::cli::json_value(value.type, value.bytes);
    if (value.name.empty())
      line += R"(,"value":)" + text;
    else
      pulled += (pulled.empty() ? "" : ",") + ipc::json_quote(value.name) + ":" + text;
  }
  if (!pulled.empty()) line += R"(,"pulled":{)" + pulled + "}";
  add_text(line, "pickle", string_or(record, "pickle"));
  if (outcome != Outcome::ok) line += R"(,"error":)" + ipc::cli::json_error(error);
  add_text(line, "stdout", out);
  add_text(line, "stderr", err);
  add_text(line, "request", string_or(header, "msg_type"));
  add_text(line, "user", string_or(header, "username"));
  const Json label = member(member(record, "metadata"), "label");
  if (!label.is_null()) line += R"(,"label":)" + ipc::wire::dump_json(label);
  add_text(line, "submitted", string_or(header, "date"));
  add_text(line, "started", string_or(member(record, "result_metadata"), "started"));
  add_text(line, "completed", string_or(ended, "date"));
  add_text(line, "received", string_or(record, "received"));
  return line + "}\n";
}

}  // namespace ipresult
