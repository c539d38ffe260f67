// SPDX-License-Identifier: BSD-3-Clause
// What front ends ask besides running code.
#include <strings.h>

#include <algorithm>

#include "cmd/ipkernel/server.hpp"

namespace ipkernel {

using ipc::console::byte_of;
using ipc::console::characters;
using ipc::console::Language;

namespace {

constexpr int kSearched = 5000;

// How a language is coloured and saved; what front ends have no word for is text.
struct LanguageRow {
  const char *name, *mimetype, *extension, *lexer, *mode;
};
constexpr LanguageRow kLanguages[] = {
    {"python", "text/x-python", ".py", "python3", "python"},
    {"sh", "text/x-sh", ".sh", "bash", "shell"},
    {"R", "text/x-r-source", ".r", "r", "r"},
    {"julia", "text/x-julia", ".jl", "julia", "julia"},
    {"perl", "text/x-perl", ".pl", "perl", "perl"},
};

ipc::wire::Json language_info(const std::string& name, const std::string& version) {
  for (const auto& row : kLanguages) {
    if (::strcasecmp(row.name, name.c_str()) != 0) continue;
    return {{"name", row.name},
            {"version", version},
            {"mimetype", row.mimetype},
            {"file_extension", row.extension},
            {"pygments_lexer", row.lexer},
            {"codemirror_mode", row.mode}};
  }
  return {{"name", name},
          {"version", version},
          {"mimetype", "text/plain"},
          {"file_extension", ".txt"},
          {"pygments_lexer", "text"},
          {"codemirror_mode", "null"}};
}

}  // namespace

Server::Json Server::info() {
  std::string language = "python", version, banner = "ipkit " IPKIT_VERSION ": ";
  if (const auto found = console_.look(); !found) {
    banner += found.error().text() + "\n";
  } else if (const auto* engine = console_.first()) {
    const bool is_main = console_.language() != Language::shell;
    language = !is_main ? "sh" : engine->language.empty() ? "python" : engine->language;
    if (is_main) version = engine->language_version;
    banner += (console_.engines().size() == 1 ? "engine " : "engines ") + console_.name() + " of " +
              console_.connection()->controller() + "\n%help says what cells can be\n";
  }
  return {{"protocol_version", "5.3"},
          {"implementation", "ipkit"},
          {"implementation_version", IPKIT_VERSION},
          {"language_info", language_info(language, version)},
          {"banner", banner},
          {"debugger", false},
          {"help_links", Json::array()}};
}

Server::Json Server::completed(const Json& content) {
  const std::string code = ipc::wire::string_or(content, "code");
  const auto cursor = static_cast<size_t>(std::max<int64_t>(
      0, ipc::wire::int_or(content, "cursor_pos", static_cast<int64_t>(characters(code)))));
  const std::string before = code.substr(0, byte_of(code, cursor));
  const auto found = console_.complete(before);
  return {{"matches", found.matches},
          {"cursor_start", characters(before.substr(0, found.from))},
          {"cursor_end", characters(before)},
          {"metadata", Json::object()}};
}

Server::Json Server::inspected(const Json& content) {
  const std::string code = ipc::wire::string_or(content, "code");
  const auto cursor = static_cast<size_t>(std::max<int64_t>(
      0, ipc::wire::int_or(content, "cursor_pos", static_cast<int64_t>(characters(code)))));
  const auto found = console_.inspect(
      code, cursor, static_cast<int>(ipc::wire::int_or(content, "detail_level", 0)));
  Json reply = {{"found", false}, {"data", Json::object()}, {"metadata", Json::object()}};
  if (found && found->is_object())
    for (const char* key : {"found", "data", "metadata"})
      if (found->contains(key)) reply[key] = (*found)[key];
  return reply;
}

Server::Json Server::is_complete(const Json& content) const {
  const std::string code = ipc::wire::string_or(content, "code");
  if (ipc::console::is_complete(code, console_.language())) return {{"status", "complete"}};
  return {{"status", "incomplete"},
          {"indent", ipc::console::next_indent(code, console_.language())}};
}

// Of this life by number; else of all consoles, the newest ones.
Server::Json Server::history(const Json& content) const {
  const std::string access = ipc::wire::string_or(content, "hist_access_type", "tail");
  const bool with_output = ipc::wire::bool_or(content, "output", false);
  const auto count = static_cast<int>(
      std::clamp<int64_t>(ipc::wire::int_or(content, "n", kSearched), 0, kSearched));
  const auto row = [&](int number, const std::string& text) {
    return with_output ? Json::array({0, number, {text, nullptr}}) : Json::array({0, number, text});
  };
  Json rows = Json::array();
  if (access == "range") {
    const auto start = ipc::wire::int_or(content, "start", 1);
    const auto stop = ipc::wire::int_or(content, "stop", number_ + 1);
    for (const auto& [number, text] : inputs_)
      if (number >= start && number < stop) rows.push_back(row(number, text));
    return {{"history", rows}};
  }
  std::string part;
  if (access == "search") {
    // What stands between the stars of a pattern.
    for (const char c : ipc::wire::string_or(content, "pattern"))
      if (c != '*') part += c;
  }
  if (history_ == nullptr) {
    for (const auto& [number, text] : inputs_)
      if (text.find(part) != std::string::npos) rows.push_back(row(number, text));
  } else if (const auto found = history_->find(part, count)) {
    int number = 0;
    for (const auto& entry : *found) rows.push_back(row(++number, entry.text));
  }
  while (rows.size() > static_cast<size_t>(count)) rows.erase(rows.begin());
  return {{"history", rows}};
}

}  // namespace ipkernel
