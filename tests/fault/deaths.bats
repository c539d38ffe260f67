#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Processes die, users press Ctrl-C: nobody waits for ever, nothing else is touched.

load ../lib/cluster

setup() {
  world_make "$BATS_TEST_TMPDIR"
  world_enter
  cluster_start 2
}
teardown() { cluster_stop; }

status_json() { run_limited 10 ipcluster status --json; }
engine_pid() { status_json | jq ".engines[] | select(.id == $1) | .pid"; }
controller_pid() { status_json | jq .controller.pid; }

# Starts a command in the background, waits until its code runs on engine 0.
begin() {
  rm -f "$WORLD/running"
  env --default-signal=INT "$@" >out 2>err & # a shell script starts it with INT ignored
  CLIENT=$!
  wait_until 10 "the code to run" test -e "$WORLD/running"
}

# Waits for the command begun, at most 10 s; sets status.
finish() {
  wait_until 10 "the client to end" \
    bash -c "! kill -0 $CLIENT 2>/dev/null || grep -q Z /proc/$CLIENT/stat"
  status=0
  wait "$CLIENT" || status=$?
  output=$(<out) stderr=$(<err)
}

@test "an engine is killed while a client waits: named, and the others' output stays" {
  begin ipexec "import time, os; open('$WORLD/running', 'w'); print('here')
time.sleep(60 if os.environ.get('X') else 0.2)"
  finish
  assert_status 0
  rm "$WORLD/running"
  begin ipexec -t 0 "open('$WORLD/running', 'w'); import time; time.sleep(60)"
  kill -KILL "$(engine_pid 0)"
  finish
  assert_status 1
  assert_stderr --partial "died"
  wait_until 10 "the engine to be gone" bash -c '[[ $(ipls) == 1 ]]'
  run --separate-stderr run_limited 10 ipexec -p 2+2
  assert_output 4
}

@test "the controller is killed while a client waits: answer within seconds" {
  begin ipexec -t 0 "open('$WORLD/running', 'w'); import time; time.sleep(60)"
  kill -KILL "$(controller_pid)"
  finish
  assert_status 69
  assert_stderr --regexp "controller [0-9]+ on .* is gone"
}

@test "Ctrl-C during a sleeping task stops it there, and the client dies of the signal" {
  begin ipexec -t 0 "open('$WORLD/running', 'w'); import time; time.sleep(60)"
  kill -INT "$CLIENT"
  finish
  assert_status 130
  run --separate-stderr run_limited 10 ipexec -p -t 0 3+3
  assert_status 0
  assert_output 6
}
