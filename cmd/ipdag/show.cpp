// SPDX-License-Identifier: BSD-3-Clause
// The graph as text, for those who only want to look.
#include "cmd/ipdag/show.hpp"

#include <unistd.h>

#include <algorithm>

#include "libipc/cli/joblog.hpp"
#include "libipc/cli/output.hpp"

namespace ipdag {

using ipc::Status;

static std::string on_one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}

std::string log_text(const Node& node) {
  return on_one_line(node.code) + " # " + node.name;
}

std::string key_of(const Node& node) {
  return ipc::cli::job_key(node.name + '\0' + node.kernel + '\0' + node.code);
}

Status print_order(const Graph& graph) {
  ipc::cli::Writer out(STDOUT_FILENO);
  for (const Index index : graph.order())
    if (!graph[index].done)
      out.write(on_one_line(graph[index].name) + "\t" + on_one_line(graph[index].code) + "\n");
  out.flush();
  return out.status();
}

static std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text + "\"";
}

Status print_dot(const Graph& graph) {
  ipc::cli::Writer out(STDOUT_FILENO);
  out.write("digraph {\n");
  for (const auto& node : graph.nodes()) {
    out.write("  " + quoted(node.name) + (node.done ? " [style=dashed]" : "") + ";\n");
    for (const Index before : node.after) {
      const auto& follow = node.follow;
      const bool placed = std::find(follow.begin(), follow.end(), before) != follow.end();
      out.write("  " + quoted(graph[before].name) + " -> " + quoted(node.name) +
                (placed ? " [style=bold]" : "") + ";\n");
    }
  }
  out.write("}\n");
  out.flush();
  return out.status();
}

}  // namespace ipdag
