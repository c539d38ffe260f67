#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The controller, or the way to it, goes away: engines keep their namespaces and join again.
# shellcheck disable=SC2030,SC2031

load ../lib/cluster

setup() {
  world_make
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}

teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  [[ -z ${NETWORK-} ]] || ip netns del "$NETWORK" 2>/dev/null || true
  cluster_stop
}

# controller [OPTION…]: starts one and waits until it is ready.
controller() {
  : >"$WORLD/controller.log"
  in_background "$WORLD/controller.log" ipcontroller --ping=250 "$@" >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# engine [COMMAND…]: starts engine 0 by way of a command, if one is given.
engine() {
  in_background "$WORLD/engine-0.log" "$@" ipengine --max-heartbeat-misses=0 >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
}

die() {
  kill -KILL "$(<"$WORLD/controller.pid")"
  wait_until 20 "its end" bash -c "! kill -0 $(<"$WORLD/controller.pid") 2>/dev/null ||
    grep -q '^State:.Z' /proc/$(<"$WORLD/controller.pid")/status"
}

joined() { grep -q "joined the controller again, as engine 0" "$WORLD/engine-0.log"; }

# pulled VALUE: what x is on engine 0, asked for until an engine is there.
pulled() {
  run --separate-stderr run_limited 20 bash -c 'ipwait -n 1 && ippull -t 0 x'
  assert_output "$1"
}

@test "killed and started anew, elsewhere: the engine finds it, its namespace is as it was" {
  controller
  engine
  ipexec 'x = 42'
  for _ in 1 2; do
    : >"$WORLD/engine-0.log"
    die
    controller
    wait_until 20 "the engine to join" joined
    pulled 42
  done
  run --separate-stderr run_limited 20 bash -c 'seq 100 | ipmap "x+1" | tail -1'
  assert_output 101
}

@test "killed and started anew with the same files" {
  controller --reuse
  engine
  ipexec 'x = 42'
  die
  controller --reuse
  wait_until 20 "the engine to join" joined
  pulled 42
}

@test "killed and restored" {
  controller
  engine
  ipexec 'x = 42'
  die
  controller --restore
  wait_until 20 "the engine to join" joined
  pulled 42
  run ipls
  assert_output 0
}

@test "what ran meanwhile is answered once, to who is there again" {
  controller
  engine
  run run_limited 60 "$IPKIT_PYTHON" "$ROOT/tests/fault/absence_client.py" "$SECURITY" \
    "$WORLD/controller.pid" "$WORLD/controller.log" "$(<"$WORLD/engine-0.pid")"
  assert_status 0
  assert_output "one answer"
}

@test "nobody comes back: the engine says so and ends" {
  controller
  in_background "$WORLD/engine-0.log" ipengine --orphan-timeout=1 >"$WORLD/engine-0.pid"
  wait_until 20 "the engine" grep -q "Completed registration" "$WORLD/engine-0.log"
  die
  wait_until 10 "its end" grep -q "the controller has been gone for 1 s: stopped" \
    "$WORLD/engine-0.log"
}

@test "the controller is stopped for longer than heartbeats allow, and goes on" {
  controller
  engine
  ipexec 'x = 42'
  kill -STOP "$(<"$WORLD/controller.pid")"
  wait_until 20 "the engine to notice" grep -q "no heartbeat" "$WORLD/engine-0.log"
  kill -CONT "$(<"$WORLD/controller.pid")"
  wait_until 20 "the engine to join" joined
  pulled 42
}

@test "the engine is stopped for longer than heartbeats allow, and goes on" {
  controller
  engine
  ipexec 'x = 42'
  kill -STOP "$(<"$WORLD/engine-0.pid")"
  wait_until 20 "the controller to give it up" bash -c '[[ -z $(ipls 2>/dev/null) ]]'
  kill -CONT "$(<"$WORLD/engine-0.pid")"
  wait_until 20 "the engine to join" joined
  pulled 42
}

# A cable between two machines: a network namespace for the engine, and the interface goes down.
@test "the network is cut for 30 s: given up, and back under its old number with its namespace" {
  NETWORK=ipkit-$$
  ip netns add "$NETWORK" 2>/dev/null || skip "another network takes root"
  ip link add "ipk$$" type veth peer name eth0 netns "$NETWORK"
  ip address add 198.18.99.1/30 dev "ipk$$"
  ip link set "ipk$$" up
  ip -n "$NETWORK" address add 198.18.99.2/30 dev eth0
  ip -n "$NETWORK" link set eth0 up
  controller --ip=198.18.99.1
  engine ip netns exec "$NETWORK"
  ipexec 'x = 42'
  ip link set "ipk$$" down
  wait_until 20 "the controller to give it up" bash -c '[[ -z $(ipls 2>/dev/null) ]]'
  sleep 30 # what is tested: that nothing of it ends meanwhile
  : >"$WORLD/engine-0.log"
  ip link set "ipk$$" up
  wait_until 40 "the engine to join" joined
  pulled 42
}
