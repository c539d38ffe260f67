#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The manuals' random graph: 32 tasks, 128 edges; each starts after all it depends on have
# completed. The records of the controller are the proof.

load typed

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# random_graph SEED: 128 different edges between the nodes n0 to n31, as pairs, without a cycle.
random_graph() {
  compute '
import itertools, random, sys
random.seed(int(sys.argv[1]))
order = random.sample(range(32), 32)
edges = list(itertools.combinations(order, 2))
for a, b in random.sample(edges, 128): print(f"n{a} n{b}")' "$1"
}

# in_order GRAPH: of every edge the records say that the first had completed when the second
# started.
in_order() {
  run_limited 20 iphistory --tsv -o label,status,started,completed --where 'label~n*' >history
  awk -F '\t' '
    NR == FNR && FNR > 1 {
      nodes++
      if ($2 == "ok") ok++
      started[$1] = $3
      completed[$1] = $4
    }
    NR != FNR {
      split($0, edge, " ")
      edges++
      if (completed[edge[1]] == "" || started[edge[2]] == "" ||
          completed[edge[1]] > started[edge[2]]) print "out of order:", $0
    }
    END {print nodes, "nodes,", ok, "ok,", edges, "edges"}' history "$1"
}

@test "ipdag, three graphs" {
  for seed in 1 2 3; do
    typed "iphistory --purge --all"
    random_graph $seed >graph
    typed "ipdag -p graph '__import__(\"time\").sleep(len(x) / 200)' | sort | uniq -c"
    assert_output --regexp '^ *32 null$'
    assert_equal "$(in_order graph)" "32 nodes, 32 ok, 128 edges"
  done
}

@test "ipsubmit, task by task" {
  typed "iphistory --purge --all"
  random_graph 4 >graph
  declare -A word
  for node in $(tsort graph); do
    after=$(for from in $(awk -v to="$node" '$2 == to {print $1}' graph); do
      echo "${word[$from]}"
    done)
    word[$node]=$(run_limited 20 ipsubmit ${after:+--after "$after"} --label "$node" \
      'import time; time.sleep(0.01)')
  done
  typed "ipwait ${word[*]}"
  assert_equal "$(in_order graph)" "32 nodes, 32 ok, 128 edges"
}

@test "what depends on a failure does not run" {
  typed "iphistory --purge --all"
  random_graph 5 >graph
  node=$(tsort graph | sed -n 8p)
  run_typed "ipdag graph '1 / (x != \"$node\")'"
  assert_status 1
  assert_stderr --partial "$node"
  # All that can be reached from it.
  declare -A behind=([$node]=1)
  for from in $(tsort graph); do
    if [[ ! ${behind[$from]-} ]]; then continue; fi
    for to in $(awk -v from="$from" '$1 == from {print $2}' graph); do behind[$to]=1; done
  done
  run --separate-stderr run_limited 20 iphistory --tsv -o label --where status=ok
  for label in "${lines[@]:1}"; do
    [[ ! ${behind[$label]-} ]] || fail "$label ran"
  done
  assert_equal "$((${#lines[@]} - 1 + ${#behind[@]}))" 32
}
