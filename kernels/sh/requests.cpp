// SPDX-License-Identifier: BSD-3-Clause
// requests.cpp: the sh kernel's requests: running code, the namespace as a whole, replies.
#include "kernels/sh/requests.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "kernels/common/text.hpp"

namespace ipkit::kernel::sh {

namespace {

std::string nul_ended(const std::vector<std::string_view>& items) {
  std::string out;
  for (std::string_view item : items) {
    out += item;
    out += '\0';
  }
  return out;
}

}  // namespace

// What a request's `stdin` says: the buffer at `index`, the last one, is standard input.
static InputFile input_of(const Json& content, Buffers& buffers, size_t index) {
  if (!flag(content, "stdin", false)) {
    return {};
  }
  if (buffers.size() <= index) {
    throw Refused{"ValueError", "stdin without a buffer", {}};
  }
  InputFile input(buffers[index]);
  buffers.resize(index);
  return input;
}

Refused exit_error(const Ended& ended) {
  Refused error{"ExitStatus", "exit status " + std::to_string(ended.status), Json::object()};
  const std::string killer = ended.status > 128 ? signal_name(ended.status - 128) : "";
  if (ended.interrupted) {
    error.ename = "KeyboardInterrupt";
    error.evalue = "interrupted";
  } else if (!killer.empty()) {
    error.evalue = "killed by signal " + std::to_string(ended.status - 128) + " (" + killer + ")";
  }
  error.more["exit_status"] = ended.status;
  return error;
}

ShellServer::ShellServer(Channel& channel, Shell& shell)
    : Server(channel), shell_(shell), plain_(shell) {
  shell_.ask("__ipkit_list");
  const std::string output = shell_.take_output();
  const auto fields = split(output, '\0');
  for (size_t i = 0; i + 2 < fields.size(); i += 3) {
    initial_[std::string(fields[i])] = true;
  }
  // Variables that bash makes when it first needs them.
  for (const char* name : {"_", "LC_ALL", "MAPFILE", "PIPESTATUS", "FUNCNAME", "OLDPWD", "REPLY",
                           "BASH_REMATCH", "__m", "LINENO", "RANDOM", "BASH_COMPAT"}) {
    initial_[name] = true;
  }
}

Answer ShellServer::execute(const Json& content, Buffers& buffers) {
  plain_.forget();
  const std::string code = begin_execute(content);
  std::string line;
  if (content.contains("argv") && content["argv"].is_array()) {
    std::vector<std::string> words = content["argv"].get<std::vector<std::string>>();
    const std::vector<std::string_view> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
    shell_.set_input(nul_ended(rest));
    shell_.ask("__ipkit_items");
    line = "set -- \"${__ipkit_items[@]}\";";
  }
  const InputFile input = input_of(content, buffers, 0);
  shell_.set_input(code);
  // Several words on one line: code with an unfinished quote cannot swallow what follows it.
  line += "__ipkit_load; eval \"$__ipkit_set$__ipkit_code\" <" + input.path() +
          "; { __ipkit_done; } 2>/dev/null";
  const Ended ended = shell_.run(line);
  if (ended.status == 0) {
    return {executed(), {}};
  }
  Refused error = exit_error(ended);
  error.more["execution_count"] = execution_count();
  tell_error(error);
  throw error;
}

Answer ShellServer::map(const Json& content, Buffers& buffers) {
  separator(content, "out");
  if (!content.value("code", "").empty()) {
    throw Refused{
        "ValueError", "map_request: items are commands here (ipmap --sh), code is empty", {}};
  }
  const InputFile input = input_of(content, buffers, 1);
  const auto items = items_of(content, buffers);
  if (flag(content, "stdin", false) && items.size() != 1) {
    throw Refused{"ValueError", "map_request: stdin is for one item", {}};
  }
  if (separator(content, "sep") != '\0' && buffers[0].find('\0') != std::string::npos) {
    throw Refused{"ValueError", "map_request: a command with a NUL byte", {}};
  }
  const auto start = std::chrono::steady_clock::now();
  Results results;
  if (plain_.take(items)) {
    run_plain(items, input, results);
  } else {
    run_items(items, 0, input, results);
  }
  Answer reply = answer_of(results);
  reply.content["seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return reply;
}

// Items from `first` on, each in a subshell.
void ShellServer::run_items(const std::vector<std::string_view>& items, size_t first,
                            const InputFile& input, Results& results) {
  const std::vector<std::string_view> rest(items.begin() + static_cast<ptrdiff_t>(first),
                                           items.end());
  if (rest.empty()) {
    return;
  }
  shell_.set_input(nul_ended(rest));
  shell_.ask("__ipkit_items");
  for (size_t i = 0; i < rest.size(); ++i) {
    const int file = memory_file("ipkit-item");
    take_item(shell_.run("__m " + std::to_string(file) + ' ' + input.path()), file, results);
  }
  shell_.ask("__ipkit_items_end");
}

// Items that bash would only hand to a program.
void ShellServer::run_plain(const std::vector<std::string_view>& items, const InputFile& input,
                            Results& results) {
  const std::string path = input.path();
  Ended last;
  for (size_t i = 0; i < items.size(); ++i) {
    const int file = memory_file("ipkit-item");
    const auto ended = plain_.run(i, path, file);
    if (!ended) {  // bash says why
      close(file);
      return run_items(items, i, input, results);
    }
    take_item(*ended, file, results);
    last = *ended;
  }
  shell_.ask("__ipkit_status=" + std::to_string(last.status) + "; __ipkit_answer 0");
}

// What one item left behind; an interrupt ends the request. Closes the file.
void ShellServer::take_item(const Ended& ended, int file, Results& results) {
  const std::string text = read_file(file);
  close(file);
  if (ended.interrupted) {
    throw exit_error(ended);
  }
  if (ended.status != 0) {
    const Refused error = exit_error(ended);
    results.failed.push_back({{"index", results.sizes.size()},
                              {"ename", error.ename},
                              {"evalue", error.evalue},
                              {"traceback", Json::array()},
                              {"exit_status", ended.status}});
  }
  results.sizes.push_back(text.size());
  results.text += text;
}

Answer ShellServer::answer_of(Results& results) {
  Answer reply;
  reply.content = {{"count", results.sizes.size()},
                   {"form", "sized"},
                   {"sizes", std::move(results.sizes)},
                   {"failed", std::move(results.failed)}};
  reply.buffers.push_back(std::move(results.text));
  return reply;
}

Json ShellServer::names() {
  shell_.ask("__ipkit_list");
  const std::string output = shell_.take_output();
  const auto fields = split(output, '\0');
  Json found = Json::array();
  for (size_t i = 0; i + 2 < fields.size(); i += 3) {
    const std::string name(fields[i]);
    const std::string_view kind = fields[i + 1];
    if (initial_.contains(name)) {
      continue;
    }
    const bool function = kind == "f";
    const char* type = function                                   ? "function"
                       : kind.find('A') != std::string_view::npos ? "map"
                       : kind.find('a') != std::string_view::npos ? "array"
                                                                  : "string";
    const Json size = function ? Json() : Json(std::stoull(std::string(fields[i + 2])));
    found.push_back({{"name", name}, {"type", type}, {"size", size}});
  }
  return found;
}

Answer ShellServer::list() {
  Json found = names();
  std::sort(found.begin(), found.end(),
            [](const Json& a, const Json& b) { return a["name"] < b["name"]; });
  return {{{"names", found}}, {}};
}

namespace {

constexpr size_t kMostMatches = 500;

// Characters before a byte: cursors count those.
size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

size_t byte_of(std::string_view text, size_t character) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (character-- == 0) break;
  }
  return at;
}

}  // namespace

// The word before the cursor: a command where one begins, a variable behind $, else a file.
Answer ShellServer::complete(const Json& content) {
  const std::string code = content.value("code", "");
  const size_t cursor = content.value("cursor_pos", code.size());
  const std::string before = code.substr(0, byte_of(code, cursor));
  const size_t from = before.find_last_of(" \t\n;|&<>()=\"'`") + 1;
  const std::string word = before.substr(from);
  const size_t last = before.find_last_not_of(" \t", from == 0 ? std::string::npos : from - 1);
  const bool first = from == 0 || last == std::string::npos ||
                     std::string_view("\n;|&(`").find(before[last]) != std::string_view::npos;
  const bool variable = word.starts_with('$');
  const bool file = word.find('/') != std::string::npos || !first;
  shell_.set_input((variable ? "v" : file ? "f" : "c") + word.substr(variable ? 1 : 0));
  shell_.ask("__ipkit_complete");
  const std::string output = shell_.take_output();
  Json matches = Json::array();
  for (const auto& line : split(output, '\n')) {
    if (matches.size() < kMostMatches && !line.empty() && !line.starts_with("__ipkit")) {
      matches.push_back((variable ? "$" : "") + std::string(line));
    }
  }
  return {{{"matches", matches},
           {"cursor_start", characters(before.substr(0, from))},
           {"cursor_end", characters(before)},
           {"metadata", Json::object()}},
          {}};
}

void ShellServer::clear() {
  plain_.forget();
  shell_.reset();
}

Answer ShellServer::kernel_info() {
  return {{{"protocol_version", "5.3"},
           {"implementation", "ipkit-sh"},
           {"implementation_version", shell_.version()},
           {"banner", "bash " + shell_.version()},
           {"help_links", Json::array()},
           {"language_info",
            {{"name", "sh"},
             {"version", shell_.version()},
             {"mimetype", "text/x-sh"},
             {"file_extension", ".sh"}}}},
          {}};
}

}  // namespace ipkit::kernel::sh
