// SPDX-License-Identifier: BSD-3-Clause
// Graphs as HTCondor's DAGMan has them, and the commands its submit descriptions describe.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "cmd/ipdag/read.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipdag {

using ipc::Error;
using ipc::Result;
using ipc::Status;

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream stream{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// One line of a .dag file.
struct Line {
  size_t number;
  std::vector<std::string> words;
};

Status read_job(const Line& line, Graph& graph) {
  const auto& words = line.words;
  if (words.size() < 3)
    return graph.error(line.number, "JOB needs a name and a file", "JOB NAME FILE");
  const size_t known = graph.nodes().size();
  const Index index = graph.node(words[1], line.number);
  Node& node = graph.nodes()[index];
  if (index < known)
    return graph.error(line.number, "node '" + node.name + "' is there twice",
                       "first in line " + std::to_string(node.line));
  node.file = words[2];
  for (size_t i = 3; i < words.size(); ++i) {
    const std::string word = lower(words[i]);
    if (word == "dir" && i + 1 < words.size())
      node.directory = words[++i];
    else if (word == "noop")
      node.has_code = true;
    else if (word == "done")
      node.done = true;
    else
      return graph.error(line.number, "'" + words[i] + "' after JOB",
                         "known: DIR PATH, NOOP, DONE");
  }
  return {};
}

Status read_edges(const Line& line, Graph& graph) {
  const auto& words = line.words;
  const auto child = std::find_if(words.begin(), words.end(),
                                  [](const auto& word) { return lower(word) == "child"; });
  if (child == words.end() || child == words.begin() + 1 || child + 1 == words.end())
    return graph.error(line.number, "not a complete line", "PARENT A … CHILD B …");
  std::vector<Index> parents;
  for (auto word = words.begin() + 1; word != child; ++word) {
    IPC_TRY_ASSIGN(parents.emplace_back(), graph.find(*word, line.number));
  }
  for (auto word = child + 1; word != words.end(); ++word) {
    IPC_TRY_ASSIGN(const Index after, graph.find(*word, line.number));
    for (const Index before : parents) graph.connect(before, after);
  }
  return {};
}

Status read_retry(const Line& line, Graph& graph) {
  unsigned count = 0;
  const auto& words = line.words;
  if (words.size() == 3)
    if (const auto [end, bad] =
            std::from_chars(words[2].data(), words[2].data() + words[2].size(), count);
        bad == std::errc() && end == words[2].data() + words[2].size() && count <= 1000) {
      if (lower(words[1]) == "all_nodes") {
        for (auto& node : graph.nodes()) node.retries = count;
        return {};
      }
      IPC_TRY_ASSIGN(const Index index, graph.find(words[1], line.number));
      graph.nodes()[index].retries = count;
      return {};
    }
  return graph.error(line.number, "not RETRY NAME N, with N from 0 to 1000");
}

/// What is used of a submit description file.
struct Description {
  std::string executable, arguments, directory;
};

Error misread(const std::string& file, size_t line, const std::string& what) {
  return {ipc::Code::bad_input, file + ":" + std::to_string(line) + ": " + what, ""};
}

std::string replace_job(std::string text, const std::string& name) {
  const std::string macro = "$(job)";
  for (size_t at = 0; (at = lower(text).find(macro, at)) != std::string::npos; at += name.size())
    text.replace(at, macro.size(), name);
  return text;
}

Result<Description> read_description(const std::string& file, const std::string& name) {
  IPC_TRY_ASSIGN(const std::string text, ipc::read_file(file));
  Description found;
  size_t number = 0;
  for (const auto& line : ipc::split(text, '\n')) {
    ++number;
    const std::string_view plain = ipc::trim(line);
    const size_t equals = plain.find('=');
    if (plain.empty() || plain[0] == '#') continue;
    const std::string key =
        lower(std::string(ipc::trim(plain.substr(0, std::min(equals, plain.size())))));
    if (key.starts_with("queue")) {
      if (key != "queue" && key != "queue 1")
        return misread(file, number, "a node is one job: queue, or queue 1");
      continue;
    }
    if (equals == std::string_view::npos) return misread(file, number, "not KEY = VALUE");
    std::string* place = key == "executable"   ? &found.executable
                         : key == "arguments"  ? &found.arguments
                         : key == "initialdir" ? &found.directory
                                               : nullptr;
    if (place == nullptr) continue;
    *place = replace_job(std::string(ipc::trim(plain.substr(equals + 1))), name);
    if (place->find("$(") != std::string::npos)
      return misread(file, number, "of macros only $(JOB) is known");
  }
  if (found.executable.empty()) return misread(file, number, "no executable");
  return found;
}

// HTCondor's two ways: words between blanks, or, in double quotes, with single quotes around words.
Result<std::vector<std::string>> split_arguments(const std::string& text) {
  if (!text.starts_with('"')) return words_of(text);
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, started = false;
  const size_t end = text.size() > 1 && text.ends_with('"') ? text.size() - 1 : text.size();
  for (size_t i = 1; i < end; ++i) {
    const char c = text[i];
    if (c == '\'' && quoted && i + 1 < end && text[i + 1] == '\'') {
      word += text[++i];
    } else if (c == '\'') {
      quoted = !quoted;
      started = true;
    } else if ((c == ' ' || c == '\t') && !quoted) {
      if (started) words.push_back(std::exchange(word, {}));
      started = false;
    } else {
      if (c == '"' && i + 1 < end && text[i + 1] == '"') ++i;
      word += c;
      started = true;
    }
  }
  if (quoted) return Error{ipc::Code::bad_input, "arguments: a quote without its end", ""};
  if (started) words.push_back(word);
  return words;
}

std::string join_path(const std::string& directory, const std::string& path) {
  return path.starts_with('/') || directory.empty() ? path : directory + "/" + path;
}

}  // namespace

Status read_dagman(const std::string& text, Graph& graph) {
  std::vector<Line> lines;
  size_t number = 0;
  for (const auto& line : ipc::split(text, '\n')) {
    ++number;
    auto words = words_of(line);
    if (words.empty() || words[0][0] == '#') continue;
    Line read{number, std::move(words)};
    if (lower(read.words[0]) == "job")
      IPC_TRY(read_job(read, graph));
    else
      lines.push_back(std::move(read));
  }
  for (const auto& line : lines) {
    const std::string word = lower(line.words[0]);
    if (word == "parent")
      IPC_TRY(read_edges(line, graph));
    else if (word == "retry")
      IPC_TRY(read_retry(line, graph));
    else
      return graph.error(line.number, "'" + line.words[0] + "' is not known here",
                         "known: JOB, PARENT … CHILD …, RETRY");
  }
  return {};
}

Result<std::string> describe_command(const std::string& file, const std::string& directory,
                                     const std::string& name) {
  IPC_TRY_ASSIGN(const auto found, read_description(join_path(directory, file), name));
  auto words = split_arguments(found.arguments);
  if (!words) return Error{ipc::Code::bad_input, file + ": " + words.error().what, ""};
  const std::string here = join_path(directory, found.directory);
  std::error_code error;
  const std::string base = std::filesystem::current_path(error).string();
  // In a subshell, so that the next node finds the shell where it was.
  std::string command = "(cd " + ipc::shell_quote(join_path(base, here)) + " && exec " +
                        ipc::shell_quote(join_path(base, join_path(directory, found.executable)));
  for (const auto& word : *words) command += " " + ipc::shell_quote(word);
  return command + ")";
}

}  // namespace ipdag
