#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Commands that wait say for what; an interrupt ends what is ours, and the script around it.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# begin CMD…: in the background, as the leader of a session and so of a process group, SIGINT not
# ignored; its pid is in $CLIENT.
begin() {
  setsid env --default-signal=INT "$@" >out 2>err 3>&- &
  CLIENT=$!
}

ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# finish PID: its end, at most 20 s; sets status.
finish() {
  wait_until 20 "the client to end" ended "$1" || kill -KILL "$1"
  status=0
  wait "$1" || status=$?
}

@test "the command before takes long: said after 2 s, then it is our turn" {
  # It begins when that has been said.
  run --separate-stderr run_limited 30 bash -c \
    '(until [[ -s said ]]; do sleep 0.05; done; seq 8 | ipscatter x) | ipexec -p "len(x)" 2>said'
  assert_status 0
  assert_output $'4\n4'
  assert_equal "$(<said)" "ipexec: waiting for the command before (2 s); -n if there is none"
}

@test "Ctrl-C in a loop of the shell ends the loop" {
  begin bash -c 'for i in 1 2 3; do
      echo "$i" >>rounds
      ipexec -n -t 0 "open(\"$PWD/runs\", \"w\"); import time; time.sleep(60)"
    done
    echo after >>rounds'
  wait_until 10 "the code to run" test -e runs
  kill -INT -- "-$CLIENT"
  finish "$CLIENT"
  assert_equal "$status" 130
  assert_equal "$(<rounds)" 1
  run --separate-stderr run_limited 20 ipexec -t 0 --timeout 10 -p 1
  assert_output 1
}

queued() { (($(ipstat -t 0 --json 2>/dev/null | jq 'select(.engine == 0).queue') >= $1)); }

@test "an interrupt ends our request, not the one of others that runs" {
  begin ipexec -n -t 0 "import os, time
open('$PWD/runs', 'w')
end = time.time() + 30
while not os.path.exists('$PWD/gate') and time.time() < end: time.sleep(0.01)
print('undisturbed', os.path.exists('$PWD/gate'))"
  other=$CLIENT
  wait_until 10 "the code to run" test -e runs
  mv out other.out
  begin ipexec -n -t 0 "open('$PWD/ours', 'w')"
  wait_until 10 "two requests at engine 0" queued 2
  kill -INT "$CLIENT"
  finish "$CLIENT"
  assert_equal "$status" 130
  ! ended "$other" || fail "the other client has ended"
  echo >gate
  finish "$other"
  assert_equal "$status" 0
  assert_equal "$(<other.out)" "undisturbed True"
  [[ ! -e ours ]] || fail "the interrupted request has run"
}

@test "ipmap without engines waits and says so; it runs when one comes" {
  run_limited 30 ipcluster start -q -n 0 --daemonize --cluster-id=empty 3>&-
  begin ipmap --cluster-id=empty 'x * 2' ::: 1 2 3
  wait_until 10 "what it waits for" grep -q "^ipmap: waiting for engines: controller" err
  assert_equal "$(<out)" ""
  run_limited 60 ipcluster engines -q -n 1 --cluster-id=empty 3>&-
  finish "$CLIENT"
  assert_equal "$status" 0
  assert_equal "$(<out)" $'2\n4\n6'
  run_limited 30 ipcluster stop --cluster-id=empty
}

@test "ipmap whose last engine has died says what it waits for, and goes on when one comes" {
  run_limited 30 ipcluster start -q -n 1 --daemonize --cluster-id=last 3>&-
  local pid
  pid=$(ipls --cluster-id=last --json | jq .pid)
  local work="[open('$PWD/at', 'w').write(str(x)), __import__('time').sleep(60 * (x == 2)), x][2]"
  begin ipmap --cluster-id=last --chunk=1 "$work" ::: 1 2 3
  wait_until 10 "the second item to run" grep -q 2 at
  kill -KILL "$pid"
  wait_until 10 "what it waits for" grep -q "^ipmap: waiting for engines: controller" err
  run_limited 60 ipcluster engines -q -n 1 --cluster-id=last 3>&-
  finish "$CLIENT"
  assert_equal "$status" 1
  assert_equal "$(<out)" $'1\n3'
  grep -q "item 2 .* died while running" err
  run_limited 30 ipcluster stop --cluster-id=last
}
