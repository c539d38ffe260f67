// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: graphs of tasks. The first byte chooses the format: pairs, DAGMan, YAML.
#include "cmd/ipdag/read.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  if (input.empty()) return;
  ipdag::Graph graph("file");
  const std::string text(input.substr(1));
  const auto status = input[0] % 3 == 0   ? ipdag::read_pairs(text, graph)
                      : input[0] % 3 == 1 ? ipdag::read_dagman(text, graph)
                                          : ipdag::read_yaml(text, graph);
  if (!status || !graph.finish()) return;
  ipkit_fuzz::require(graph.order().size() == graph.nodes().size());
}

const ipkit_fuzz::Registered registered("dag", run);

}  // namespace
