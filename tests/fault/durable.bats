#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# --durable: the controller is killed, the next one has the tasks, and each ends once.
# shellcheck disable=SC2030,SC2031

load ../lib/cluster

setup() {
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
  JOURNAL=$PROFILE/tasks.journal
}

teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
  ! mountpoint -q "$JOURNAL" || umount -l "$JOURNAL"
}

ask() { run --separate-stderr run_limited 90 "$@"; }

# controller [OPTION…]: starts one that is not supervised, and waits until it is ready.
controller() {
  : >"$WORLD/controller.out"
  in_background "$WORLD/controller.out" ipcontroller --durable --ping=250 "$@" \
    >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.out"
  cat "$WORLD/controller.out" >>"$WORLD/controller.log"
}

# engine N: starts the Nth.
engine() {
  in_background "$WORLD/engine-$1.log" ipengine --max-heartbeat-misses=0 >"$WORLD/engine-$1.pid"
  run_limited 20 ipwait -n $(($1 + 1))
}

# The process that has the connection file, as everybody sees it; nothing while there is none.
controller_pid() { jq -r '.ipkit.pid // empty' "$PROFILE/security/ipcontroller-client.json"; }

is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# Kills the controller; waits for its end.
die() {
  local pid
  pid=$(controller_pid)
  kill -KILL "$pid"
  wait_until 20 "its end" is_gone "$pid"
}

# next_controller BEFORE: another one has the files.
next_controller() {
  wait_until 30 "the next one" bash -c \
    "[[ \$(jq .ipkit.pid '$PROFILE/security/ipcontroller-client.json') != $1 ]]"
}

# lines FILE N: it has at least so many.
lines() { [[ -e $1 ]] && (($(wc -l <"$1") >= $2)); }

# ended PID: the client begun ends; sets status.
ended() {
  wait_until 90 "the client to end" is_gone "$1"
  status=0
  wait "$1" || status=$?
}

# What each item leaves behind when it runs: a line of $PWD/runs.
define_step() {
  ipexec "def step(n):
    import os, time
    time.sleep(0.002)
    fd = os.open('$PWD/runs', os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, b'%d\n' % n)
    os.close(fd)
    return n * n"
}

@test "ipmap over three kills of the controller: all there, in order, each item ran once" {
  cluster_start 2 --durable --ping=250
  define_step
  seq 3000 | run_limited 120 ipmap 'step(int(x))' >out 2>err &
  local client=$! round before
  for round in 1 2 3; do
    wait_until 60 "progress" lines runs $((round * 600))
    before=$(controller_pid)
    die
    next_controller "$before"
  done
  ended "$client"
  cat err
  assert_equal "$status" 0
  seq 3000 | awk '{print $1 * $1}' | diff - out
  assert_equal "$(sort -n runs | uniq -d | head)" ""
  assert_equal "$(sort -n runs | uniq | wc -l)" 3000
  # One line for each time.
  assert_equal "$(grep -c ': its tasks are kept' err)" 3
  assert_equal "$(wc -l <err)" 3
  ask ipcluster status
  assert_output --regexp "restarts: 3, the last at .*: killed by signal 9"
}

@test "ipdag over two kills of the controller: each node once, after those before it" {
  cluster_start 2 --durable --ping=250
  # Twenty rows of five; each node after two of the row before.
  "$IPKIT_PYTHON" - >graph <<'PY'
for row in range(1, 20):
    for place in range(5):
        for other in place, (place + 1) % 5:
            print((row - 1) * 5 + other, row * 5 + place)
PY
  define_step
  run_limited 100 ipdag -p graph "(__import__('time').sleep(0.05), step(int(x)))[1]" >out 2>err &
  local client=$! before
  for count in 20 60; do
    wait_until 60 "progress" lines runs "$count"
    before=$(controller_pid)
    die
    next_controller "$before"
  done
  ended "$client"
  cat err
  assert_equal "$status" 0
  assert_equal "$(sort -n out)" "$(seq 0 99 | awk '{print $1 * $1}' | sort -n)"
  assert_equal "$(sort -n runs)" "$(seq 0 99)"
  # Where each ran, and where what it is after did.
  awk 'NR == FNR {at[$1] = FNR; next} at[$1] > at[$2] {print; bad = 1} END {exit bad}' runs graph
  assert_equal "$(grep -c ': its tasks are kept' err)" 2
}

@test "ipexec over a kill of the controller: both engines answer, each ran once" {
  cluster_start 2 --durable --ping=250
  run_limited 100 ipexec "open('$PWD/began', 'a').write('x\n')
$(held go "print('done')")" >out 2>err &
  local client=$! before
  wait_until 20 "both to run" lines began 2
  before=$(controller_pid)
  die
  next_controller "$before"
  touch go
  ended "$client"
  cat err
  assert_equal "$status" 0
  assert_equal "$(cat began)" $'x\nx'
  # It may come before the client is back.
  grep -q 'printed while there was no controller may be missing' err
  # What engines finish while there is no controller comes as well.
  rm go
  run_limited 100 ipexec -p "([open('$PWD/again', 'a').write('x\n')] +
    [0 for _ in iter(lambda: __import__('os').path.exists('$PWD/go'), True)
      if __import__('time').sleep(0.01)] + [open('$PWD/end', 'a').write('x\n')])" >out 2>err &
  client=$!
  wait_until 20 "both to run" lines again 2
  before=$(controller_pid)
  kill -STOP "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  die
  touch go
  wait_until 20 "both to end" lines end 2
  kill -CONT "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  next_controller "$before"
  ended "$client"
  cat err
  assert_equal "$status" 0
  assert_equal "$(cat out again)" $'[2, 2]\n[2, 2]\nx\nx'
}

@test "jobs handed over before: those that wait run, one that runs goes on, once; all are fetched" {
  controller
  engine 0
  local first running a b
  first=$(ipsubmit --pull x 'x = 6 * 7')
  ask ipwait "$first"
  assert_status 0
  running=$(ipsubmit "open('$PWD/began', 'a').write('once\n')
$(held go)")
  wait_until 20 "it to run" lines began 1
  a=$(ipsubmit --pull y 'y = 1')
  b=$(ipsubmit --after "$a" --pull y 'y = y + 1')
  # Somebody waits all the time.
  run_limited 60 ipwait -p "$first" "$running" "$b" >waited 2>err &
  local client=$!
  wait_until 20 "the waiting client" lines waited 1
  die
  controller --restore
  touch go
  ended "$client"
  cat err
  assert_equal "$status" 0
  assert_equal "$(cat began)" once
  ask ipresult "$first"
  assert_output 42
  ask ipresult "$b"
  assert_output 2
  assert_equal "$(wc -l <err)" 1
  grep -q "journal .*tasks.journal: 3 tasks that have not ended, 1 that have" \
    "$WORLD/controller.log"
}

@test "a result that comes while there is no controller is there afterwards, and ran once" {
  controller
  engine 0
  local job
  job=$(ipsubmit --pull z "open('$PWD/began', 'a').write('x\n')
$(held go "open('$PWD/ran', 'a').write('x\n'); z = 'made alone'")")
  wait_until 20 "it to run" lines began 1
  die
  touch go
  wait_until 20 "its end" lines ran 1
  controller --restore
  ask ipwait --timeout 30 "$job"
  assert_status 0
  ask ipresult "$job"
  assert_output "made alone"
  assert_equal "$(cat began ran)" $'x\nx'
}

@test "the machine's processes all die: what waited runs on new engines, what ran is told of" {
  controller
  engine 0
  local ran waits
  ran=$(ipsubmit "open('$PWD/began', 'w').write('x\n')
$(held never)")
  wait_until 20 "it to run" lines began 1
  waits=$(ipsubmit --pull x 'x = 1')
  kill -KILL "$(<"$WORLD/engine-0.pid")"
  die
  controller --restore
  in_background "$WORLD/engine-1.log" ipengine >"$WORLD/engine-1.pid"
  ask ipwait --timeout 40 "$waits"
  assert_status 0
  # A minute, if the controller had just heard that the engine is gone: it may be on its way back.
  ask ipwait --timeout 80 "$ran"
  assert_status 1
  ask ipresult "$ran"
  assert_stderr --partial "died while running task"
}

@test "without --durable clients are told at once, and the cluster goes on" {
  cluster_start 1 --ping=250
  ipexec 'x = 5'
  # An expression that lasts until a file is there.
  run_limited 30 ipmap "[0 for _ in iter(lambda: __import__('os').path.exists('$PWD/go'), True)
    if __import__('time').sleep(0.01)]" <<<1 >out 2>err &
  local client=$! before
  wait_until 20 "the task" bash -c "read -r _ n _ < <(ipstat -q) && ((n == 1))"
  before=$(controller_pid)
  die
  ended "$client"
  assert_equal "$status" 69
  grep -q "controller $before on .* is gone" err
  touch go
  wait_until 30 "the next one and its engine" bash -c "[[ \$(ippull -t 0 x 2>/dev/null) == 5 ]]"
  [[ ! -e $JOURNAL ]]
}

@test "--restart=never: the cluster ends with its controller; on-failure:1: the second time" {
  cluster_start 1 --restart=never
  local pid
  pid=$(jq .pid "$PROFILE/pid/ipcluster.json")
  die
  wait_until 20 "its end" is_gone "$pid"
  cluster_start 1 --restart=on-failure:1
  pid=$(jq .pid "$PROFILE/pid/ipcluster.json")
  local before
  before=$(controller_pid)
  die
  wait_until 30 "the next one" bash -c \
    "[[ \$(jq .ipkit.pid '$PROFILE/security/ipcontroller-client.json') != $before ]]"
  wait_until 20 "an answer" ipls
  kill -0 "$pid"
  die
  wait_until 20 "its end" is_gone "$pid"
  ask ipcluster start --restart=sometimes
  assert_status 64
  assert_stderr --partial "not never, on-failure or on-failure:N"
}

@test "somebody has taken a port of the controller that died: another try, and it is back" {
  cluster_start 1 --restart=on-failure:4
  local before guard
  before=$(controller_pid)
  guard=$(jq .pid "$PROFILE/pid/ipcluster.json")
  kill -STOP "$guard"
  die
  # From the moment it has the port until it is told to go.
  "$IPKIT_PYTHON" -c 'import os, socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
open("taken", "w").close()
while not os.path.exists("go"): time.sleep(0.01)' \
    "$(jq .task "$PROFILE/security/ipcontroller-client.json")" &
  wait_until 20 "the port to be taken" test -e taken
  kill -CONT "$guard"
  wait_until 20 "a try that fails" grep -q "did not start" "$PROFILE/log/ipcluster.log"
  touch go
  next_controller "$before"
  wait_until 20 "an answer" ipls
}

@test "the disk is full: new tasks are refused with the reason, old ones end; then it goes on" {
  mkdir -p "$JOURNAL"
  chmod 700 "$JOURNAL"
  mount -t tmpfs -o size=16m,mode=700 tmpfs "$JOURNAL" 2>/dev/null ||
    skip "a small disk takes root and mount"
  controller
  engine 0
  local jobs=() job _
  job=$(ipsubmit "$(held go)")
  head -c 1000000 /dev/urandom | base64 -w0 >blob
  for _ in $(seq 40); do
    run --separate-stderr run_limited 20 ipsubmit -s --push "b=$(head -c 100000 blob)" \
      --push "c=$(head -c 100000 blob)" --push "d=$(head -c 100000 blob)" --pull 'len(b)' pass
    [[ $status == 0 ]] || break
    jobs+=("$output")
  done
  assert_status 1
  assert_stderr --partial "the task cannot be kept on disk and was refused"
  assert_stderr --partial "No space left on device"
  ((${#jobs[@]} > 5))
  touch go
  ask ipwait --timeout 50 "$job" "${jobs[@]}"
  assert_status 0
  ask ipresult "${jobs[-1]}"
  assert_output 100000
  # Room again.
  mount -o remount,size=64m "$JOURNAL"
  job=$(ipsubmit --pull x 'x = 1')
  ask ipwait --timeout 20 "$job"
  assert_status 0
}

@test "a torn journal: said with the place, what is whole runs" {
  controller
  local first second
  first=$(ipsubmit --pull x 'x = 1')
  second=$(ipsubmit --pull x 'x = "torn"')
  die
  local file
  file=$(grep -la torn "$JOURNAL"/*.journal)
  # The last entry loses its end.
  "$IPKIT_PYTHON" - "$file" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    data = file.read().rstrip(b"\0")
    file.truncate(len(data) - 3)
PY
  controller --restore
  grep -q "error: journal .*torn end of .* bytes left out, the first in .*journal, byte" \
    "$WORLD/controller.log"
  engine 0
  ask ipwait --timeout 20 "$first"
  assert_status 0
  ask ipwait --timeout 20 "$second"
  assert_status 66
  [[ $(stat -c %a "$JOURNAL" "$file") == $'700\n600' ]]
}

@test "a controller that was started by hand ends when it is told to: nobody waits for the next" {
  controller
  engine 0
  die
  controller --restore
  run_limited 20 ipwait -n 1
  ask ipcancel --shutdown --hub
  assert_status 0
  assert_equal "$stderr" ""
  ask ipls
  assert_status 69
}
