// SPDX-License-Identifier: BSD-3-Clause
// values.cpp: the sh kernel's push and pull: values into and out of shell variables.
#include <unistd.h>

#include <algorithm>

#include "kernels/sh/requests.hpp"
#include "kernels/sh/text.hpp"

namespace ipkit::shkernel {

namespace {

constexpr size_t max_held = 8;

/// A decoded value, ready to be read by the driver.
struct Bound {
  bool list = false;
  std::string data;  ///< text as it is, or elements each ended by NUL
};

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

/// Text of a JSON scalar as a shell shows it.
std::string scalar_text(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_number()) {
    return value.dump();
  }
  const std::string shown = value.dump().substr(0, 80);
  throw Refused{"TypeError", "a shell variable cannot hold this: " + shown, {}};
}

void refuse_nul(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    throw Refused{"TypeError", "a shell variable cannot hold a NUL byte", {}};
  }
}

Bound decode_json(const std::string& text) {
  const Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    throw Refused{"ValueError", "not JSON", {}};
  }
  if (!value.is_array()) {
    // A number keeps the digits it was written with.
    std::string plain = value.is_number() ? text : scalar_text(value);
    if (value.is_number()) {
      plain.erase(0, plain.find_first_not_of(" \t\r\n"));
      plain.erase(plain.find_last_not_of(" \t\r\n") + 1);
    }
    refuse_nul(plain);
    return {false, plain};
  }
  Bound bound{true, ""};
  for (const Json& element : value) {
    const std::string plain = scalar_text(element);
    refuse_nul(plain);
    bound.data += plain;
    bound.data += '\0';
  }
  return bound;
}

Bound decode(const Json& type, std::string data) {
  if (type == "json") {
    return decode_json(data);
  }
  if (type == "text" || type == "bytes") {
    refuse_nul(data);
    return {false, std::move(data)};
  }
  if (type == "lines" || type == "nul") {
    const char end = type == "nul" ? '\0' : '\n';
    if (!data.empty() && data.back() != end) {
      data += end;
    }
    if (end == '\n') {
      refuse_nul(data);
      std::replace(data.begin(), data.end(), '\n', '\0');
    }
    return {true, std::move(data)};
  }
  const bool known = type == "npy" || type == "ref";
  throw Refused{
      known ? "TypeError" : "ValueError",
      (known ? "a shell cannot hold a value of type " : "unknown type of value: ") + type.dump(),
      {}};
}

void check_bindable(Shell& shell, const std::vector<std::string>& names) {
  std::string line = "__ipkit_readonly";
  for (const std::string& name : names) {
    line += ' ' + name;
  }
  const std::string fixed = shell.ask(line);
  if (!fixed.empty()) {
    throw Refused{"TypeError", fixed + ": readonly variable", {}};
  }
}

void store(Shell& shell, const std::string& name, const Bound& bound) {
  shell.set_input(bound.data);
  shell.ask(std::string("__ipkit_bind ") + (bound.list ? "list " : "text ") + name);
}

/// name, name[index] or name[key]: what the driver may look up.
bool is_reference(const std::string& text) {
  const size_t bracket = text.find('[');
  if (bracket == std::string::npos) {
    return is_name(text);
  }
  return is_name(text.substr(0, bracket)) && text.back() == ']' && text.size() > bracket + 2;
}

std::string joined(const std::vector<std::string_view>& items, bool json, char sep) {
  std::string out;
  for (std::string_view item : items) {
    out += json ? json_string(item) : std::string(item);
    out += sep;
  }
  return out;
}

std::string json_map(const std::vector<std::string_view>& items) {
  std::string out = "{";
  const size_t half = items.size() / 2;
  for (size_t i = 0; i < half; ++i) {
    out += (i > 0 ? ", " : "") + json_string(items[i]) + ": " + json_string(items[half + i]);
  }
  return out + "}";
}

}  // namespace

Answer Server::push(const Json& content, Buffers& buffers) {
  if (content.contains("stage")) {
    push_stage(content, buffers);
  } else if (content.contains("names")) {
    push_names(content, buffers);
  } else if (!content.contains("unbind")) {
    throw Refused{"ValueError", "push_request: no names, unbind or stage", {}};
  }
  if (content.contains("unbind")) {
    const auto names = names_of(content, "unbind");
    check_bindable(shell_, names);
    std::string line = "__ipkit_unbind";
    for (const std::string& name : names) {
      line += ' ' + name;
    }
    shell_.ask(line);
  }
  return {};
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
  std::vector<Bound> values;
  for (size_t i = 0; i < names.size(); ++i) {
    values.push_back(decode(types[i], std::move(buffers[i])));
  }
  check_bindable(shell_, names);
  for (size_t i = 0; i < names.size(); ++i) {
    store(shell_, names[i], values[i]);
  }
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
    std::string data = std::move(found->data);
    stages_.erase(found);
    const std::string name = name_of(content.value("name", Json()));
    const Bound value = decode(content.value("type", Json()), std::move(data));
    check_bindable(shell_, {name});
    store(shell_, name, value);
  }
}

Server::Value Server::pull_value(const std::string& name, const std::string& form, bool elements,
                                 char sep) {
  std::string kind = "none";
  if (is_reference(name)) {
    shell_.set_input(name);
    kind = shell_.ask("__ipkit_pull");
  }
  if (kind == "none") {
    throw Refused{"NameError", "no variable '" + name + "'", {{"name", name}}};
  }
  const std::string output = shell_.take_output();
  const bool json = form == "json";
  const auto items =
      kind.starts_with("empty") ? std::vector<std::string_view>{} : split(output, '\0');
  if (kind.ends_with("list") && elements) {
    return {"lines", joined(items, json, sep), items.size()};
  }
  Value value{"json", "", nullptr};
  if (kind.ends_with("list")) {
    value.data = json_list(items);
  } else if (kind.ends_with("map")) {
    value.data = json_map(items);
  } else {
    value = {json ? "json" : "text", json ? json_string(items[0]) : std::string(items[0]), {}};
  }
  if (elements) {
    value = {"lines", value.data + sep, 1};
  }
  return value;
}

Answer Server::pull(const Json& content, Buffers&) {
  if (content.contains("token")) {
    return pull_held(content);
  }
  const std::string form = content.value("form", "text");
  if (form != "text" && form != "json") {
    const char* ename = form == "npy" ? "TypeError" : "ValueError";
    throw Refused{ename, "a shell has no form " + form, {}};
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
    Value value =
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
    const std::string token = std::to_string(getpid()) + "-" + std::to_string(++tokens_);
    if (held_.size() >= max_held) {
      held_.erase(held_.begin());
    }
    held_.push_back({token, std::move(reply.buffers)});
    reply.buffers.clear();
    reply.content["token"] = token;
  }
  return reply;
}

Answer Server::pull_held(const Json& content) {
  const Json token = content["token"];
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

}  // namespace ipkit::shkernel
