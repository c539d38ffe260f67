// SPDX-License-Identifier: BSD-3-Clause
// The graph: nodes, what each comes after, and an order in which that holds.
#include "cmd/ipdag/graph.hpp"

#include <algorithm>

#include "libipc/util/text.hpp"

namespace ipdag {

using ipc::Error;
using ipc::Result;
using ipc::Status;

// Of a cycle, this many nodes are named.
constexpr size_t kShown = 20;

Index Graph::node(std::string_view name, size_t line) {
  const auto [found, is_new] = by_name_.try_emplace(std::string(name), nodes_.size());
  if (is_new) {
    nodes_.emplace_back();
    nodes_.back().name = name;
    nodes_.back().line = line;
  }
  return found->second;
}

std::optional<Index> Graph::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

Result<Index> Graph::find(std::string_view name, size_t line) const {
  if (const auto found = find(name)) return *found;
  std::vector<std::string> names;
  for (const auto& node : nodes_) names.push_back(node.name);
  const std::string near = ipc::nearest(name, names);
  return error(line, "no node '" + std::string(name) + "'",
               near.empty() ? "" : "did you mean '" + near + "'?");
}

void Graph::connect(Index before, Index after) {
  nodes_[after].after.push_back(before);
}

Error Graph::error(size_t line, const std::string& what, const std::string& hint) const {
  return {ipc::Code::bad_input, place(line) + what, hint};
}

static void make_unique(std::vector<Index>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

Status Graph::finish() {
  std::vector<Index> open(nodes_.size());  // how many it still waits for
  for (Index i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    make_unique(node.follow);
    if (node.has_forms()) {
      node.awaits = node.after;
      make_unique(node.awaits);
    }
    node.after.insert(node.after.end(), node.follow.begin(), node.follow.end());
    make_unique(node.after);
    open[i] = static_cast<Index>(node.after.size());
    for (const Index before : node.after) nodes_[before].next.push_back(i);
  }
  order_.reserve(nodes_.size());
  for (Index i = 0; i < nodes_.size(); ++i)
    if (open[i] == 0) order_.push_back(i);
  for (size_t at = 0; at < order_.size(); ++at)
    for (const Index next : nodes_[order_[at]].next)
      if (--open[next] == 0) order_.push_back(next);
  if (order_.size() == nodes_.size()) return {};
  return cycle(open);
}

// What has no place in the order waits for something else that has none: going back along that ends
// in a cycle.
Error Graph::cycle(const std::vector<Index>& open) const {
  Index at = 0;
  while (open[at] == 0) ++at;
  std::vector<size_t> seen(nodes_.size());  // place in `path`, from 1
  std::vector<Index> path;
  while (seen[at] == 0) {
    path.push_back(at);
    seen[at] = path.size();
    const auto& after = nodes_[at].after;
    at = *std::find_if(after.begin(), after.end(), [&](Index i) { return open[i] > 0; });
  }
  path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(seen[at] - 1));
  std::reverse(path.begin(), path.end());
  // It begins with the node that the file has first.
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  std::string text;
  for (size_t i = 0; i < std::min(path.size(), kShown); ++i) text += nodes_[path[i]].name + " -> ";
  if (path.size() > kShown) text += std::to_string(path.size() - kShown) + " more -> ";
  return error(nodes_[path[0]].line, "cycle: " + text + nodes_[path[0]].name,
               "a task cannot come after itself");
}

}  // namespace ipdag
