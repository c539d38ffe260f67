// SPDX-License-Identifier: BSD-3-Clause
// Graphs from files: pairs, YAML, and what the nodes are to run.
#include "cmd/ipdag/read.hpp"

#include <algorithm>
#include <span>

#include "libipc/cli/code.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/config/task_list.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipdag {

using ipc::Error;
using ipc::Result;
using ipc::Status;

constexpr size_t kMostBytes = size_t{1} << 30;

Status read_pairs(const std::string& text, Graph& graph) {
  size_t line = 1, at = 0, first_line = 0;
  std::string_view first;
  constexpr std::string_view kBlanks = " \t\r\n";
  while (true) {
    for (; at < text.size() && kBlanks.find(text[at]) != std::string_view::npos; ++at)
      if (text[at] == '\n') ++line;
    if (at == text.size()) break;
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    const std::string_view word = std::string_view(text).substr(at, end - at);
    at = end;
    if (first.empty()) {
      first = word;
      first_line = line;
      continue;
    }
    const Index before = graph.node(first, first_line), after = graph.node(word, line);
    if (before != after) graph.connect(before, after);
    first = {};
  }
  if (first.empty()) return {};
  return graph.error(first_line, "'" + std::string(first) + "' has no second word",
                     "nodes come in pairs: 'a b' for b after a, 'a a' for a alone");
}

// Cuts `:any` and the like off the end of a mention that is no node's name.
static Status cut_forms(const Graph& graph, ipc::config::Mention& mention,
                        std::vector<std::string>& forms) {
  while (!graph.find(mention.name)) {
    const size_t colon = mention.name.rfind(':');
    if (colon == std::string::npos) return {};
    const std::string form = mention.name.substr(colon + 1), name = mention.name.substr(0, colon);
    static const std::vector<std::string> known = {"any", "all", "success", "failure"};
    if (std::find(known.begin(), known.end(), form) == known.end()) {
      if (!graph.find(name)) return {};
      return graph.error(mention.line, "':" + form + "' after '" + name + "' is not a form",
                         "forms are :any, :all, :success, :failure");
    }
    forms.push_back(form);
    mention.name = name;
  }
  return {};
}

// The nodes of `after` or `follow`, with the forms that may end the last.
static Result<std::vector<Index>> find_before(const Graph& graph,
                                              std::vector<ipc::config::Mention> mentions,
                                              Forms& forms) {
  std::vector<Index> nodes;
  std::vector<std::string> given;
  for (auto& mention : mentions) {
    if (!given.empty())
      return graph.error(mention.line, "a name after ':" + given[0] + "'",
                         "forms come behind the last name and hold for all of the list");
    IPC_TRY(cut_forms(graph, mention, given));
    IPC_TRY_ASSIGN(const Index before, graph.find(mention.name, mention.line));
    nodes.push_back(before);
  }
  const auto has = [&](const char* form) {
    return std::find(given.begin(), given.end(), form) != given.end();
  };
  if (has("any") && has("all"))
    return graph.error(mentions.back().line, ":any and :all are both given", "give one");
  forms.all = !has("any");
  forms.failure = has("failure");
  forms.success = has("success") || !forms.failure;
  return nodes;
}

Status read_yaml(const std::string& text, Graph& graph) {
  IPC_TRY_ASSIGN(auto tasks, ipc::config::read_task_list(graph.file(), text));
  for (auto& task : tasks) {
    const size_t known = graph.nodes().size();
    const Index index = graph.node(task.name.name, task.name.line);
    Node& node = graph.nodes()[index];
    if (index < known)
      return graph.error(task.name.line, "node '" + node.name + "' is there twice",
                         "first in line " + std::to_string(node.line));
    node.has_code = task.code.has_value();
    if (task.code) node.code = *std::move(task.code);
    node.kernel = std::move(task.kernel);
    node.targets = std::move(task.targets);
    node.retries = task.retries;
    node.timeout = task.timeout;
  }
  for (Index i = 0; i < tasks.size(); ++i) {
    Node& node = graph.nodes()[i];
    IPC_TRY_ASSIGN(node.after, find_before(graph, tasks[i].after, node.after_forms));
    IPC_TRY_ASSIGN(node.follow, find_before(graph, tasks[i].follow, node.follow_forms));
  }
  return {};
}

static std::string expression_code(const std::string& expression, const std::string& name) {
  const std::string text = ipc::json_quote(name);
  // JSON's text and numbers are python's, too.
  const std::string& x = ipc::cli::is_json_number(name) ? name : text;
  return "(lambda x, _: (" + expression + "))(" + x + ", " + text + ")";
}

static Status fill_node(const Settings& settings, const Graph& graph, Node& node,
                        std::uint64_t number) {
  if (!node.retries) node.retries = settings.retries;
  if (!ipc::is_utf8(node.name)) return graph.error(node.line, "a name that is not UTF-8");
  if (!node.has_code && !node.done) {
    if (settings.command) {
      node.code = settings.command->fill(node.name, number,
                                         std::span(&node.file, node.file.empty() ? 0 : 1));
      node.kernel = node.kernel.empty() ? "sh" : node.kernel;
    } else if (!settings.expression.empty()) {
      node.code = expression_code(settings.expression, node.name);
    } else if (!node.file.empty()) {
      IPC_TRY_ASSIGN(node.code, describe_command(node.file, node.directory, node.name));
      node.kernel = "sh";
    } else if (!settings.dot) {
      return Error{ipc::Code::usage, "node '" + node.name + "' has nothing to run",
                   "give EXPR, or --sh COMMAND, after the graph"};
    }
  }
  if (node.kernel.empty()) node.kernel = settings.kernel;
  if (!ipc::is_utf8(node.code)) return graph.error(node.line, "code that is not UTF-8");
  return {};
}

Result<Graph> read_graph(const Settings& settings) {
  std::string text;
  if (settings.file == "-") {
    IPC_TRY_ASSIGN(text, ipc::cli::read_stdin("the graph"));
  } else {
    IPC_TRY_ASSIGN(text, ipc::read_file(settings.file, kMostBytes));
  }
  Graph graph(settings.file == "-" ? "standard input" : settings.file);
  const auto read = settings.format == Format::yaml     ? read_yaml
                    : settings.format == Format::dagman ? read_dagman
                                                        : read_pairs;
  IPC_TRY(read(text, graph));
  IPC_TRY(graph.finish());
  std::uint64_t number = 0;
  for (auto& node : graph.nodes()) IPC_TRY(fill_node(settings, graph, node, ++number));
  return graph;
}

}  // namespace ipdag
