#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Code prints more than its client takes: the code waits as it would for a pipe, nobody's memory
# grows, others are served, and nothing of it is lost. A client that has gone is not waited for, and
# a subscriber that does not read loses what is too much.

load ../lib/cluster

setup() {
  world_make "$BATS_TEST_TMPDIR"
  world_enter
  IPKIT_KERNEL="sh" cluster_start 2
}
teardown() {
  [[ -z ${SUBSCRIBER-} ]] || kill "$SUBSCRIBER" 2>/dev/null || true
  cluster_stop
}

rss_of() { awk '/VmRSS/ {print $2}' "/proc/$1/status"; }
controller_pid() { run_limited 10 ipcluster status --json | jq .controller.pid; }
engine_pid() {
  run_limited 10 ipcluster status --json | jq ".engines[] | select(.id == $1) | .pid"
}
printed() { cat printed 2>/dev/null || echo 0; }

# begin: 80 MB that nobody reads, on engine 0; returns when its code waits.
begin() {
  mkfifo out
  exec 8<>out
  local last=none at
  env --default-signal=INT ipexec -n -t 0 --sh "cd '$PWD'
for i in {1..80}; do head -c 1000000 /dev/zero; echo \$i >new; mv new printed; done" \
    >out 2>err 3>&- 8<&- &
  CLIENT=$!
  wait_until 60 "some of the output" some_printed
  # It waits when two seconds have not brought another megabyte.
  for ((at = 0; at < 30; at++)); do
    if [[ $(printed) == "$last" ]]; then return; fi
    last=$(printed)
    sleep 2
  done
  fail "it goes on and on"
}
some_printed() { (($(printed) >= 8)); }

@test "a client that does not read: the code waits, memory stays, others are served" {
  local controller engine pid
  controller=$(controller_pid) engine=$(engine_pid 0)
  begin
  (($(printed) < 60)) || fail "$(printed) MB printed"
  for pid in "$controller" "$engine" "$CLIENT"; do
    at_most "$(rss_of "$pid")" 150000 "$pid"
  done
  run --separate-stderr run_limited 20 ipexec -t 1 --sh 'echo here'
  assert_output here
  run --separate-stderr run_limited 20 bash -c "seq 100 | ipmap -t 1 --sh 'echo {}' | tail -n 1"
  assert_output 100
  # It reads after all.
  [[ $(run_limited 200 head -c 80000000 <&8 | wc -c) == 80000000 ]]
  wait "$CLIENT"
  [[ $(printed) == 80 && ! -s err ]]
}

@test "Ctrl-C at a client that does not read stops the code there" {
  begin
  kill -INT "$CLIENT"
  local status=0
  wait "$CLIENT" || status=$?
  assert_equal "$status" 130
  run --separate-stderr run_limited 20 ipexec -t 0 --sh 'echo again'
  assert_output again
  (($(printed) < 80))
}

@test "a client that was killed while it did not read: its engine is free at once" {
  begin
  kill -KILL "$CLIENT"
  wait "$CLIENT" || true
  run --separate-stderr run_limited 30 ipexec -t 0 --sh 'echo again'
  assert_status 0
  assert_output again
  [[ $(printed) == 80 ]] # its code has run to the end
  run_limited 10 ipcluster log | grep -q 'whoever asked for it has gone; the rest is dropped'
}

# What it loses and what the log says: tests/unit/sched/iopub_relay_test.cpp. Here the system may
# find it first, and end its connection.
@test "a subscriber of the output that does not read: memory is bounded, others are served" {
  SUBSCRIBER=$(in_background "$WORLD/subscriber.log" "$IPKIT_PYTHON" -c '
import json, sys, time, zmq
with open(sys.argv[1]) as file: port = json.load(file)["iopub"]
peer = zmq.Context().socket(zmq.SUB)
peer.rcvhwm = 1
peer.subscribe(b"")
peer.connect("tcp://127.0.0.1:%d" % port)
peer.recv()
print("subscribed", flush=True)
time.sleep(300)' "$IPYTHONDIR/profile_default/security/ipcontroller-client.json")
  heard() {
    run_limited 20 ipexec -t 0 --sh 'echo once' >/dev/null
    grep -q subscribed "$WORLD/subscriber.log"
  }
  wait_until 30 "its subscription" heard
  # shellcheck disable=SC2016 # the engine's shell
  run_limited 120 ipexec -t 0 --sh 'yes "$(printf %099d)" | head -c 400000000' |
    tail -c 1 >/dev/null
  # What was freed is given back to the system within seconds.
  is_bounded() { at_most "$(rss_of "$(controller_pid)")" 500000 "" >/dev/null; }
  wait_until 30 "its memory to be bounded" is_bounded
  run --separate-stderr run_limited 20 ipexec --sh 'echo here'
  assert_output $'here\nhere'
}
