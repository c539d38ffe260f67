#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Strangers and nonsense at every port of a live cluster: nothing crashes, nobody's memory grows,
# clients do not notice.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}

# pids: the controller, then the engines.
pids() { run_limited 20 ipcluster status --json | jq '.controller.pid, .engines[].pid'; }
# memory: of each, in kB.
memory() { for pid in $(pids); do awk '/VmRSS/ {print $2}' "/proc/$pid/status"; done; }

cluster_works() {
  run --separate-stderr run_limited 20 ipexec -p 2+2
  assert_status 0
  assert_output $'4\n4'
  run --separate-stderr run_limited 20 bash -c "seq 100 | ipmap 'x*2' | tail -n 1"
  assert_output 200
}

# grown MB BEFORE: none of them has more than MB more than in the list BEFORE.
grown() {
  local most=$1 before after index
  mapfile -t before <<<"$2"
  mapfile -t after < <(memory)
  for index in "${!before[@]}"; do
    at_most "${after[index]}" $((before[index] + most * 1024)) "process $index" || return 1
  done
}

@test "garbage at every port and local socket: the same processes, as large as before" {
  local before kept seed
  before=$(pids)
  cluster_works
  kept=$(memory)
  for seed in ${SEEDS:-1 2}; do
    SEED=$seed run run_limited 120 "$IPKIT_PYTHON" "$ROOT/tests/fault/hostile.py" \
      "$SECURITY/ipcontroller-client.json" "$SECURITY/ipcontroller-engine.json"
    assert_status 0
    cluster_works
  done
  assert_equal "$(pids)" "$before"
  grown 64 "$kept"
}
