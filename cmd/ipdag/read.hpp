// SPDX-License-Identifier: BSD-3-Clause
// Graphs from files.
#pragma once

#include <string>

#include "cmd/ipdag/graph.hpp"
#include "cmd/ipdag/settings.hpp"

namespace ipdag {

/// Reads the graph and gives each node its code. Code::bad_input names file and line,
/// Code::no_input a file that cannot be opened.
ipc::Result<Graph> read_graph(const Settings& settings);

/// tsort's pairs: `a b` means b after a, `a a` only names a.
ipc::Status read_pairs(const std::string& text, Graph& graph);
/// DAGMan's JOB, PARENT … CHILD …, RETRY.
ipc::Status read_dagman(const std::string& text, Graph& graph);
/// A list of tasks.
ipc::Status read_yaml(const std::string& text, Graph& graph);

/// The command that a submit description file of HTCondor describes, run in its directory; `name`
/// is the node's. Code::bad_input names the line.
ipc::Result<std::string> describe_command(const std::string& file, const std::string& directory,
                                          const std::string& name);

}  // namespace ipdag
