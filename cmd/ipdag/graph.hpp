// SPDX-License-Identifier: BSD-3-Clause
// The graph: nodes, what each comes after, and an order in which that holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipdag {

using Index = std::uint32_t;

/// When those before a node let it run; the default: every one of them has ended well.
struct Forms {
  bool all = true;                       ///< otherwise one is enough
  bool success = true, failure = false;  ///< which ends count
  bool is_plain() const { return all && success && !failure; }
};

/// One task.
struct Node {
  std::string name;
  std::string code;           ///< what it runs, in full; empty: it does nothing
  std::string kernel;         ///< empty: the main one
  std::string targets;        ///< -t's language; empty: as for all
  std::vector<Index> after;   ///< each once, `follow` included
  std::vector<Index> follow;  ///< those it runs on the engine of
  std::vector<Index> next;    ///< those that come after it
  std::vector<Index> awaits;  ///< with forms: `after` without `follow`
  Forms after_forms, follow_forms;
  size_t line = 0;                  ///< in the file; 0: only named so far
  std::optional<unsigned> retries;  ///< more tries
  ipc::Duration timeout{};          ///< of the wait in the controller; 0: none
  std::string file, directory;      ///< DAGMan: the submit description, and where it is meant
  bool has_code = false;            ///< `code` is the node's own, no template is needed
  bool done = false;                ///< is not to be run

  bool has_forms() const { return !after_forms.is_plain() || !follow_forms.is_plain(); }
};

class Graph {
 public:
  explicit Graph(std::string file) : file_(std::move(file)) {}

  /// The node of that name, made if it is new. Errors of the whole graph name `line` of its first
  /// mention.
  Index node(std::string_view name, size_t line);
  /// The node of that name, if there is one.
  std::optional<Index> find(std::string_view name) const;
  /// The same, or Code::bad_input "FILE:LINE: no node 'x'; did you mean …".
  ipc::Result<Index> find(std::string_view name, size_t line) const;
  void connect(Index before, Index after);

  std::vector<Node>& nodes() { return nodes_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& operator[](Index index) const { return nodes_[index]; }

  /// Makes `after` and `next` complete and free of doubles. Code::bad_input names a cycle.
  ipc::Status finish();
  /// Every node after those it depends on; otherwise as in the file.
  const std::vector<Index>& order() const { return order_; }

  /// Code::bad_input "FILE:LINE: what; hint".
  ipc::Error error(size_t line, const std::string& what, const std::string& hint = "") const;
  /// "FILE:LINE: ".
  std::string place(size_t line) const { return file_ + ":" + std::to_string(line) + ": "; }
  const std::string& file() const { return file_; }

 private:
  ipc::Error cycle(const std::vector<Index>& open) const;

  std::string file_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, Index> by_name_;
  std::vector<Index> order_;
};

}  // namespace ipdag
