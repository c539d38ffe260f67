// SPDX-License-Identifier: BSD-3-Clause
// The graph as text, for those who only want to look.
#pragma once

#include "cmd/ipdag/graph.hpp"

namespace ipdag {

/// What would run, in order: name and code of each node on a line, with a tab between.
ipc::Status print_order(const Graph& graph);

/// A node in a job log: its code, on one line, and its name.
std::string log_text(const Node& node);
/// Tells in a job log whether it is the same node with the same code.
std::string key_of(const Node& node);

/// The graph in Graphviz's language; nodes that are done are dashed.
ipc::Status print_dot(const Graph& graph);

}  // namespace ipdag
