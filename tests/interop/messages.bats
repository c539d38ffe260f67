# SPDX-License-Identifier: BSD-3-Clause
# Messages between engines where ipyparallel takes part: refused by name, never a silent wait.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}
teardown() { cluster_stop; }

engine() { in_background "$WORLD/engine-$1.log" "${@:2}" >"$WORLD/engine-$1.pid"; }
ours() { run --separate-stderr run_limited 30 ipexec -n "$@"; }

@test "under ipyparallel's controller" {
  in_background "$WORLD/controller.log" "$REAL_PYTHON" -m ipyparallel.controller --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 30 "the real controller's file" test -s "$SECURITY/ipcontroller-engine.json"
  for i in 0 1; do engine "$i" "$IPKIT_BUILD/bin/ipengine"; done
  wait_until 30 "two engines" engines_answer 2
  for call in 'send(1, 2)' 'receive(1)' 'ids'; do
    ours -t 0 "import ipkit; ipkit.$call"
    assert_status 1
    assert_stderr --partial "NotImplementedError: the controller is not ipkit's"
  done
  # What needs no controller.
  ours -t 0 'import ipkit; ipkit.receive(timeout=0)'
  assert_stderr --partial "TimeoutError"
}

@test "to an engine of ipyparallel's" {
  in_background "$WORLD/controller.log" "$IPKIT_BUILD/bin/ipcontroller" >"$WORLD/controller.pid"
  wait_until 20 "the controller's file" test -s "$SECURITY/ipcontroller-engine.json"
  engine 0 "$REAL_PYTHON" -m ipyparallel.engine
  wait_until 30 "the real engine" engines_answer 1
  engine 1 "$IPKIT_BUILD/bin/ipengine"
  wait_until 30 "ours" engines_answer 2
  ours -t 1 'import ipkit; print(ipkit.ids); ipkit.send("all", 1); ipkit.send(0, 1)'
  assert_output '[1]'
  assert_stderr --partial "LookupError: no engine 0: there are 1"
  ours -t 1 'ipkit.receive(0)'
  assert_stderr --partial "ConnectionError: engine 0 is not there"
}
