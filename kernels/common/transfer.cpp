// SPDX-License-Identifier: BSD-3-Clause
// transfer.cpp: push and pull of kernels in C++: names, pieces, values that are held.
#include <unistd.h>

#include <algorithm>

#include "kernels/common/server.hpp"
#include "kernels/common/text.hpp"

namespace ipkit::kernel {

namespace {

constexpr size_t max_held = 8;

std::string name_of(const Json& value) {
  if (!value.is_string() || !is_name(value.get_ref<const std::string&>())) {
    throw Refused{"ValueError", "not a name: " + value.dump(), {}};
  }
  return value.get<std::string>();
}

std::vector<std::string> names_of(const Json& content, const char* key) {
  const auto found = content.find(key);
  if (found == content.end() || !found->is_array()) {
    throw Refused{"ValueError", std::string(key) + " is not a list of strings", {}};
  }
  std::vector<std::string> names;
  for (const Json& name : *found) {
    names.push_back(name_of(name));
  }
  return names;
}

}  // namespace

void Server::push(const Json& content, Buffers& buffers) {
  if (content.contains("stage")) {
    push_stage(content, buffers);
  } else if (content.contains("names")) {
    push_names(content, buffers);
  } else if (!content.contains("unbind")) {
    throw Refused{"ValueError", "push_request: no names, unbind or stage", {}};
  }
  if (content.contains("unbind")) {
    unbind(names_of(content, "unbind"));
  }
}

void Server::push_names(const Json& content, Buffers& buffers) {
  const auto names = names_of(content, "names");
  const Json types = content.value("types", Json());
  if (!types.is_array() || types.size() != names.size() || buffers.size() != names.size()) {
    throw Refused{"ValueError",
                  std::to_string(names.size()) +
                      " names need as many types and "
                      "buffers, there are " +
                      std::to_string(buffers.size()),
                  {}};
  }
  bind(names, types, buffers);
}

/// Code with values that come with it, go with its reply, and a namespace that is cleared.
Answer Server::execute_with(const Json& content, Buffers& buffers) {
  const bool clears = flag(content, "clear_after", false);
  if (flag(content, "clear_before", false)) {
    clear();
  }
  try {
    Answer reply = execute_and_pull(content, buffers);
    if (clears) {
      clear();
    }
    return reply;
  } catch (...) {
    if (clears) {
      clear();
    }
    throw;
  }
}

Answer Server::execute_and_pull(const Json& content, Buffers& buffers) {
  if (const auto values = content.find("push"); values != content.end() && !values->is_null()) {
    // Before them is what the code reads.
    const auto first =
        buffers.begin() + (flag(content, "stdin", false) && !buffers.empty() ? 1 : 0);
    Buffers data(std::make_move_iterator(first), std::make_move_iterator(buffers.end()));
    buffers.erase(first, buffers.end());
    push_names(*values, data);
  }
  const Json names = content.value("pull", Json());
  if (!names.is_null() && !names.is_array()) {
    throw Refused{"ValueError", "pull is not a list of strings", {}};
  }
  Answer reply = execute(content, buffers);
  if (names.is_null()) {
    return reply;
  }
  Json types = Json::array();
  for (const Json& name : names) {
    Pulled value = pull_value(name.get<std::string>(), "text", false, '\n');
    types.push_back(value.type);
    reply.buffers.push_back(std::move(value.data));
  }
  reply.content["pulled"] = {{"names", names}, {"types", types}};
  return reply;
}

void Server::push_stage(const Json& content, Buffers& buffers) {
  if (!content["stage"].is_string()) {
    throw Refused{"ValueError", "stage is not a string", {}};
  }
  const std::string id = content["stage"];
  const auto same = [&](const Stage& stage) { return stage.id == id; };
  if (content.value("drop", false) || content.value("begin", false)) {
    std::erase_if(stages_, same);
  }
  if (content.value("drop", false)) {
    return;
  }
  if (buffers.size() > 1) {
    throw Refused{"ValueError", "a piece of a value is one buffer", {}};
  }
  if (content.value("begin", false)) {
    if (stages_.size() >= max_held) {
      stages_.erase(stages_.begin());
    }
    stages_.push_back({id, ""});
  }
  const auto found = std::find_if(stages_.begin(), stages_.end(), same);
  if (found == stages_.end()) {
    throw Refused{"KeyError", "no stage '" + id + "': never begun, or newer ones came", {}};
  }
  if (!buffers.empty()) {
    found->data += buffers[0];
  }
  if (content.value("end", false)) {
    Buffers data{std::move(found->data)};
    stages_.erase(found);
    bind({name_of(content.value("name", Json()))}, Json::array({content.value("type", Json())}),
         data);
  }
}

Answer Server::pull(const Json& content) {
  if (content.contains("token")) {
    return pull_held(content);
  }
  const std::string form = content.value("form", "text");
  if (form != "text" && form != "json" && form != "npy" && !(form == "source" && has_sources())) {
    throw Refused{"ValueError", "no such form: " + form, {}};
  }
  if (!content.contains("names") || !content["names"].is_array()) {
    throw Refused{"ValueError", "names is not a list of strings", {}};
  }
  const std::string sep = content.value("sep", "\n");
  if (sep.size() != 1 || (sep[0] != '\n' && sep[0] != '\0')) {
    throw Refused{"ValueError", "sep is not a newline or NUL", {}};
  }
  Answer reply{{{"types", Json::array()},
                {"sizes", Json::array()},
                {"counts", Json::array()},
                {"token", nullptr}},
               {}};
  size_t total = 0;
  for (const Json& name : content["names"]) {
    Pulled value =
        pull_value(name.get<std::string>(), form, content.value("elements", false), sep[0]);
    total += value.data.size();
    reply.content["types"].push_back(value.type);
    reply.content["sizes"].push_back(value.data.size());
    reply.content["counts"].push_back(value.count);
    reply.buffers.push_back(std::move(value.data));
  }
  const Json limit = content.value("limit", Json());
  if (!limit.is_null() && !limit.is_number_unsigned()) {
    throw Refused{"ValueError", "limit is not a number of bytes", {}};
  }
  if (!limit.is_null() && total > limit.get<uint64_t>()) {
    hold(reply);
  }
  return reply;
}

/// Keeps the values here; the reply has the word for them.
void Server::hold(Answer& reply) {
  const std::string token = std::to_string(getpid()) + "-" + std::to_string(++tokens_);
  if (held_.size() >= max_held) {
    held_.erase(held_.begin());
  }
  held_.push_back({token, std::move(reply.buffers)});
  reply.buffers.clear();
  reply.content["token"] = token;
}

Answer Server::pull_held(const Json& content) {
  const Json& token = content["token"];
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [&](const Held& held) { return token == held.token; });
  if (found == held_.end()) {
    throw Refused{"KeyError", "no value is held under " + token.dump(), {}};
  }
  if (content.value("release", false)) {
    held_.erase(found);
    return {};
  }
  for (const char* key : {"index", "offset", "length"}) {
    if (!content.contains(key) || !content[key].is_number_unsigned()) {
      throw Refused{"ValueError", "index, offset and length are numbers from 0", {}};
    }
  }
  const auto index = content["index"].get<uint64_t>();
  const auto offset = content["offset"].get<uint64_t>();
  if (index >= found->values.size() || offset > found->values[index].size()) {
    throw Refused{"IndexError", "index or offset beyond what is held", {}};
  }
  return {{}, {found->values[index].substr(offset, content["length"].get<uint64_t>())}};
}

}  // namespace ipkit::kernel
