// SPDX-License-Identifier: BSD-3-Clause
// values.cpp: the sh kernel's push and pull: values into and out of shell variables.
#include <algorithm>

#include "kernels/common/text.hpp"
#include "kernels/sh/requests.hpp"

namespace ipkit::kernel::sh {

namespace {

/// A decoded value, ready to be read by the driver.
struct Bound {
  bool list = false;
  std::string data = {};      ///< text as it is, or elements each ended by NUL
  std::string file = {};      ///< not empty: data is the text of this file …
  std::string function = {};  ///< … which defines this
};

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

Bound decode_code(const std::string& text) {
  const Json facts = Json::parse(text, nullptr, false);
  if (!facts.is_object() || facts.value("file", "").empty()) {
    throw Refused{"ValueError", "code is an object with file, name and text", {}};
  }
  Bound bound{false, facts.value("text", ""), facts.value("file", ""), facts.value("name", "")};
  refuse_nul(bound.data);
  if (!is_name(bound.function)) {
    throw Refused{"ValueError", "'" + bound.function + "' is not the name of a function", {}};
  }
  return bound;
}

Bound decode(const Json& type, std::string data) {
  if (type == "code") {
    return decode_code(data);
  }
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

/// All that the file defines is there afterwards, as by the command `.`: a shell has one namespace.
void define(Shell& shell, const std::string& name, const Bound& code) {
  shell.set_input(code.data);
  shell.ask("__ipkit_check");
  const std::string complaint = shell.take_output();
  if (!complaint.empty()) {
    throw Refused{"SyntaxError", code.file + ": " + complaint.substr(0, complaint.find('\n')), {}};
  }
  const std::string fixed = shell.ask("__ipkit_forget " + name + ' ' + code.function);
  if (!fixed.empty()) {
    throw Refused{"TypeError", fixed + ": readonly function", {}};
  }
  shell.set_input(code.data);
  const Ended ended = shell.run(
      "__ipkit_load; eval \"$__ipkit_set$__ipkit_code\" </dev/null; { __ipkit_done; } 2>/dev/null");
  if (ended.interrupted) {
    throw exit_error(ended);
  }
  if (shell.ask("__ipkit_define " + name + ' ' + code.function).empty()) {
    const std::string why = ended.status == 0 ? "" : ": " + exit_error(ended).evalue;
    throw Refused{"AttributeError", code.file + " defines no " + code.function + why, {}};
  }
}

/// name, name[index] or name[key]: what the driver may look up.
bool is_reference(const std::string& text) {
  const size_t bracket = text.find('[');
  if (bracket == std::string::npos) {
    return is_name(text);
  }
  return is_name(text.substr(0, bracket)) && text.back() == ']' && text.size() > bracket + 2;
}

Refused no_variable(const std::string& name) {
  return {"NameError", "no variable '" + name + "'", {{"name", name}}};
}

Pulled source_of(Shell& shell, const std::string& name) {
  const std::string kind = is_name(name) ? shell.ask("__ipkit_source " + name) : "none";
  if (kind == "none") {
    throw no_variable(name);
  }
  if (kind == "variable") {
    throw Refused{"TypeError", "a variable has no source: functions have", {}};
  }
  std::string text = shell.take_output();
  text.erase(text.find_last_not_of('\n') + 1);
  return {"text", std::move(text), nullptr};
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

void ShellServer::bind(const std::vector<std::string>& names, const Json& types, Buffers& data) {
  plain_.forget();
  std::vector<Bound> values;
  for (size_t i = 0; i < names.size(); ++i) {
    values.push_back(decode(types[i], std::move(data[i])));
  }
  check_bindable(shell_, names);
  for (size_t i = 0; i < names.size(); ++i) {
    if (values[i].file.empty()) {
      store(shell_, names[i], values[i]);
    } else {
      define(shell_, names[i], values[i]);
    }
  }
}

void ShellServer::unbind(const std::vector<std::string>& names) {
  plain_.forget();
  check_bindable(shell_, names);
  std::string line = "__ipkit_unbind";
  for (const std::string& name : names) {
    line += ' ' + name;
  }
  shell_.ask(line);
}

Pulled ShellServer::pull_value(const std::string& name, const std::string& form, bool elements,
                               char sep) {
  plain_.forget();  // a subscript may be code
  if (form == "npy") {
    throw Refused{"TypeError", "a shell has no form npy", {}};
  }
  if (form == "source") {
    return source_of(shell_, name);
  }
  std::string kind = "none";
  if (is_reference(name)) {
    shell_.set_input(name);
    kind = shell_.ask("__ipkit_pull");
  }
  if (kind == "none") {
    throw no_variable(name);
  }
  const std::string output = shell_.take_output();
  const bool json = form == "json";
  const auto items =
      kind.starts_with("empty") ? std::vector<std::string_view>{} : split(output, '\0');
  if (kind.ends_with("list") && elements) {
    return {"lines", joined(items, json, sep), items.size()};
  }
  Pulled value{"json", "", nullptr};
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

}  // namespace ipkit::kernel::sh
