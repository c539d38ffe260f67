#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcontroller: files, lock, options, signals; and a few facts of the protocol by a bare peer.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib/cluster

setup() {
  world_make
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
  # A cluster is only taken down if a test started one.
  STARTED=()
}

teardown() {
  local pid
  for pid in "${STARTED[@]}"; do kill "$pid" 2>/dev/null || true; done
  assert_world_empty
}

# controller [ARG…]: starts one and waits until it is ready; its pid in $CONTROLLER.
controller() {
  CONTROLLER=$(in_background "$WORLD/controller.log" ipcontroller "$@")
  STARTED+=("$CONTROLLER")
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# gone PID: ended, though its parent may not have asked for its status yet.
gone() { [[ $(state_of "$1") == @(|Z*) ]]; }

@test "writes both files, 0600, says READY, and removes them at SIGTERM" {
  controller
  assert_equal "$(stat -c %a "$SECURITY/ipcontroller-client.json")" 600
  assert_equal "$(stat -c %a "$SECURITY/ipcontroller-engine.json")" 600
  local files=$SECURITY/ipcontroller
  grep -q "^READY pid=$CONTROLLER client=$files-client.json engine=$files-engine.json$" \
    "$WORLD/controller.log"
  run "$IPKIT_PYTHON" -c '
import json, sys
c, e = (json.load(open(sys.argv[1] + "/ipcontroller-%s.json" % k)) for k in ("client", "engine"))
for k in ("key", "registration", "signature_scheme", "pack", "location"): assert c[k] == e[k], k
assert c["task_scheme"] == "leastload" and c["pack"] == "json" and len(c["key"]) >= 32
assert isinstance(c["broadcast"], int) and len(e["broadcast"]) == 2
assert e["hb_ping"] and e["hb_pong"] and c["notification"] and c["ipkit"]["pid"] == int(sys.argv[2])
' "$SECURITY" "$CONTROLLER"
  assert_equal "$status" 0
  kill -TERM "$CONTROLLER"
  wait_until 20 "the end of the controller" gone "$CONTROLLER"
  [[ ! -e $SECURITY/ipcontroller-client.json && ! -e $SECURITY/ipcontroller-engine.json ]]
}

@test "SIGINT ends it with status 0" {
  # A shell without job control has background commands ignore it.
  # shellcheck disable=SC2016
  in_background "$WORLD/controller.log" bash -c 'env --default-signal=INT ipcontroller &
    echo $! >pid; wait $!; echo $? >status' >/dev/null
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  kill -INT "$(<pid)"
  wait_until 20 "its end" test -s status
  assert_equal "$(<status)" 0
  grep -q "ends: signal 2" "$WORLD/controller.log"
}

@test "a second one for the same cluster is refused with 73; another id is not" {
  controller
  run --separate-stderr run_limited 10 ipcontroller
  assert_equal "$status" 73
  [[ $stderr == *"pid $CONTROLLER"* && $stderr == *--cluster-id* ]]
  : >"$WORLD/controller.log"
  controller --cluster-id=two
  [[ -s $SECURITY/ipcontroller-two-client.json ]]
}

@test "an empty cluster id as an argument of its own, long options with and without =" {
  controller --profile-dir "$WORLD/p" --cluster-id "" --log-level=10 --ping=250 --dictdb
  [[ -s $WORLD/p/security/ipcontroller-client.json ]]
}

@test "--daemonize returns when it is ready, and holds no descriptor of ours" {
  run --separate-stderr run_limited 20 ipcontroller --daemonize
  assert_equal "$status" 0
  [[ $output =~ ^READY\ pid=([0-9]+)\  ]]
  CONTROLLER=${BASH_REMATCH[1]}
  STARTED+=("$CONTROLLER")
  [[ -s $IPYTHONDIR/profile_default/log/ipcontroller-$CONTROLLER.log ]]
  run --separate-stderr run_limited 20 ipcontroller --daemonize
  assert_equal "$status" 73
}

@test "--reuse keeps ports and key, and the files stay" {
  controller --reuse
  kill -TERM "$CONTROLLER"
  wait_until 20 "the end of the controller" gone "$CONTROLLER"
  ports() { grep -E '"(key|mux|task|iopub|hb_ping)"' "$SECURITY/ipcontroller-engine.json"; }
  before=$(ports)
  : >"$WORLD/controller.log"
  controller --reuse
  assert_equal "$(ports)" "$before"
}

@test "random bytes and wrong signatures on every port change nothing" {
  controller
  "$IPKIT_PYTHON" -c 'import zmq, ipyparallel' || skip "needs pyzmq and ipyparallel"
  run run_limited 50 "$IPKIT_PYTHON" "$ROOT/tests/cmd/ipcontroller_noise.py" "$SECURITY"
  assert_equal "$status" 0
}

@test "a bare engine and client: routing, waiting, cancelling, lost engines, shutdown" {
  controller --poll-spin=0
  "$IPKIT_PYTHON" -c 'import zmq, jupyter_client' || skip "needs pyzmq and jupyter_client"
  run run_limited 50 "$IPKIT_PYTHON" "$ROOT/tests/cmd/ipcontroller_peer.py" "$SECURITY"
  assert_equal "$status" 0
  wait_until 20 "the end of the controller" gone "$CONTROLLER"
}

@test "the task scheduler, frame by frame" {
  controller --poll-spin=0
  "$IPKIT_PYTHON" -c 'import zmq, jupyter_client' || skip "needs pyzmq and jupyter_client"
  run run_limited 110 "$IPKIT_PYTHON" "$ROOT/tests/cmd/ipcontroller_tasks.py" "$SECURITY"
  assert_equal "$status" 0
}

@test "a result has all of its output, whichever comes first" {
  controller --poll-spin=0
  "$IPKIT_PYTHON" -c 'import zmq, jupyter_client' || skip "needs pyzmq and jupyter_client"
  run run_limited 50 "$IPKIT_PYTHON" "$ROOT/tests/cmd/ipcontroller_output.py" "$SECURITY"
  assert_equal "$status" 0
}
