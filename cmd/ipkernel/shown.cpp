// SPDX-License-Identifier: BSD-3-Clause
// What engines give for a cell, as messages of one kernel.
#include "cmd/ipkernel/shown.hpp"

#include <algorithm>

#include "libipc/cli/errors.hpp"

namespace ipkernel {

using ipc::client::Outcome;
using ipc::client::Output;
using ipc::client::RemoteError;
using ipc::client::Reply;
using ipc::wire::Json;

namespace {

std::vector<ipc::net::Frame> buffers_of(const Output& output) {
  std::vector<ipc::net::Frame> buffers;
  for (const auto bytes : output.message.view.buffers) buffers.emplace_back(bytes);
  return buffers;
}

// Displays of several engines have names of their own, or one would change another's.
void name_display(Json& content, int engine) {
  const auto transient = content.find("transient");
  if (transient == content.end() || !transient->is_object()) return;
  const auto id = transient->find("display_id");
  if (id != transient->end() && id->is_string())
    *id = std::to_string(engine) + ":" + id->get<std::string>();
}

bool is_text_only(const Json& data) {
  return data.size() == 1 && data.contains("text/plain");
}

}  // namespace

Json CellError::content() const {
  return {{"ename", ename}, {"evalue", evalue}, {"traceback", traceback}};
}

Shown::Shown(const std::vector<int>& engines, ShownHooks hooks)
    : several_(engines.size() > 1), hooks_(std::move(hooks)) {
  for (const int engine : engines) held_[engine];
}

void Shown::print(bool is_stderr, const std::string& text) {
  if (text.empty()) return;
  hooks_.publish("stream", {{"name", is_stderr ? "stderr" : "stdout"}, {"text", text}}, {});
}

void Shown::stream(int engine, bool is_stderr, std::string_view bytes) {
  Held& held = held_[engine];
  const std::string text = held.text[is_stderr].take(bytes, false);
  if (!several_) return print(is_stderr, text);
  std::string& line = held.line[is_stderr];
  const std::string label =
      std::string(is_stderr ? "[stderr:" : "[stdout:") + std::to_string(engine) + "] ";
  std::string lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    line += text.substr(at, end == std::string::npos ? end : end - at);
    if (end == std::string::npos) break;
    lines.append(label).append(line).append("\n");
    line.clear();
    at = end + 1;
  }
  print(is_stderr, lines);
}

// What is shown next comes behind what was printed before it.
void Shown::end_lines(int engine) {
  Held& held = held_[engine];
  for (const bool is_stderr : {false, true}) {
    const std::string rest = held.text[is_stderr].take({}, true);
    if (!several_) {
      print(is_stderr, rest);
    } else if (!held.line[is_stderr].empty() || !rest.empty()) {
      print(is_stderr, std::string(is_stderr ? "[stderr:" : "[stdout:") + std::to_string(engine) +
                           "] " + std::exchange(held.line[is_stderr], {}) + rest + "\n");
    }
  }
}

void Shown::show(int engine, std::string_view type, Json content,
                 std::vector<ipc::net::Frame> buffers) {
  if (several_) {
    name_display(content, engine);
    if (type != "update_display_data") {
      end_lines(engine);
      print(false, "[output:" + std::to_string(engine) + "]\n");
    }
  }
  hooks_.publish(type, content, std::move(buffers));
}

void Shown::show_result(int engine, Json content) {
  const auto number = ipc::wire::int_or(content, "execution_count", 0);
  const std::string label =
      "Out[" + std::to_string(engine) + (number > 0 ? ":" + std::to_string(number) : "") + "]:";
  content.erase("execution_count");
  Json& data = content["data"];
  if (is_text_only(data)) {
    const std::string text = ipc::console::text_in(data, "text/plain");
    data["text/plain"] = label + (text.find('\n') == std::string::npos ? " " : "\n") + text;
  } else {
    print(false, label + "\n");
  }
  hooks_.publish("display_data", content, {});
}

void Shown::message(const Output& output, const Json& content) {
  if (output.type == "execute_input") {
    const auto number = ipc::wire::int_or(content, "execution_count", 0);
    if (!several_ && number > 0) hooks_.number(static_cast<int>(number));
  } else if (output.type == "display_data" || output.type == "update_display_data") {
    show(output.engine, output.type, content, buffers_of(output));
  } else if (output.type == "clear_output") {
    // Of several it would clear what the others have shown.
    if (!several_) hooks_.publish(output.type, content, {});
  } else if (output.type == "execute_result") {
    const auto data = content.find("data");
    if (data == content.end() || !data->is_object()) return;
    if (several_)
      held_[output.engine].result = content;
    else
      hooks_.publish(output.type, content, buffers_of(output));
  }
}

void Shown::reply(const Reply& reply) {
  end_lines(reply.engine);
  if (reply.outcome != Outcome::ok) return add_error(reply.engine, reply.error());
  const Json content = reply.content();
  if (!content.is_object()) return;
  const auto expressions = content.find("user_expressions");
  if (end_.expressions.empty() && expressions != content.end() && expressions->is_object())
    end_.expressions = *expressions;
  const auto payload = content.find("payload");
  if (payload == content.end() || !payload->is_array()) return;
  // Other kinds are about the program that sits before IPython, which we are not.
  for (const auto& item : *payload)
    if (item.is_object() && ipc::wire::string_or(item, "source") == "page")
      end_.pages.push_back(item);
}

void Shown::add_error(int engine, const RemoteError& error) {
  CellError shown{error.ename, error.evalue, error.traceback};
  if (shown.traceback.empty()) shown.traceback.push_back(ipc::client::summary(error));
  const auto same = [&](const Group& group) {
    return group.error.ename == shown.ename && group.error.evalue == shown.evalue &&
           group.error.traceback == shown.traceback;
  };
  auto group = std::find_if(groups_.begin(), groups_.end(), same);
  if (group == groups_.end()) group = groups_.insert(group, {std::move(shown), {}});
  group->engines.push_back(engine);
}

ipc::console::Answer Shown::ask(const ipc::console::Question& question) {
  ipc::console::Question asked = question;
  end_lines(question.engine);
  if (several_) asked.prompt = std::to_string(question.engine) + ": " + question.prompt;
  return hooks_.ask(asked);
}

CellEnd Shown::finish() {
  for (auto& [engine, held] : held_) end_lines(engine);
  for (auto& [engine, held] : held_)
    if (held.result.is_object()) show_result(engine, std::move(held.result));
  for (auto& group : groups_) std::sort(group.engines.begin(), group.engines.end());
  std::sort(groups_.begin(), groups_.end(),
            [](const Group& a, const Group& b) { return a.engines[0] < b.engines[0]; });
  for (auto& group : groups_) {
    if (several_) {
      const std::string who = ipc::cli::engines_text(group.engines);
      group.error.traceback.insert(group.error.traceback.begin(), "[" + who + ":execute]");
      group.error.evalue = "[" + who + "] " + group.error.evalue;
    }
    end_.errors.push_back(std::move(group.error));
  }
  groups_.clear();
  return std::move(end_);
}

}  // namespace ipkernel
