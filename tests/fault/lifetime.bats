#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines whose lifetime ends: what runs is finished, what waits runs elsewhere, nothing is lost and
# nothing begins twice.

load ../lib/cluster
load ../interop/client

setup() {
  world_make
  world_enter
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

# controller [OPTION…]: ours.
controller() {
  in_background "$WORLD/controller.log" ipcontroller "$@" >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# engine I [OPTION…]: in the background; its status is in the file ended-I when it has ended.
engine() {
  local i=$1
  shift
  # shellcheck disable=SC2016
  in_background "$WORLD/engine-$i.log" bash -c 'i=$1; shift
    ipengine "$@" & echo $! >"$WORLD/engine-$i.pid"; wait $!; echo $? >"ended-$i"' - "$i" "$@" \
    >/dev/null
}

# Returns when engine I has ended, and has ended well.
ended() {
  wait_until 30 "the end of engine $1" test -s "ended-$1"
  assert_equal "$(<"ended-$1")" 0
}

# An item's work: noted in the file `ran`, and worth its square.
WORK='[open("ran", "a").write(f"{x}\n"), __import__("time").sleep(0.005), x * x][2]'

# squares N: `ipmap` squares 1 to N, each once, in order.
squares() {
  run --separate-stderr run_limited 90 bash -c "seq $1 | ipmap ${2-} '$WORK' | cksum"
  assert_status 0
  assert_stderr ""
  assert_output "$(seq "$1" | awk '{ print $1 * $1 }' | cksum)"
  assert_equal "$(sort -n ran | cksum)" "$(seq "$1" | cksum)"
}

# four_and_one [OPTION…]: four engines that end one after the other, and one that does not.
four_and_one() {
  local i
  engine 9 "$@"
  for i in 0 1 2 3; do engine "$i" "--lifetime=$((1000 + 600 * i))ms" "$@"; done
  run_limited 20 ipwait -n 1
}

# Returns when engine I has been told to drain.
drain() {
  kill -PWR "$(<"$WORLD/engine-$1.pid")"
  wait_until 20 "the drain" grep -q 'takes no more work' "$WORLD/engine-$1.log"
}

# A real client has tasks for five engines, and drains four of them.
real_client() {
  local i
  for i in 0 1 2 3 9; do engine "$i"; done
  for i in 0 1 2 3 9; do wait_until 30 "engine $i's process" test -s "$WORLD/engine-$i.pid"; done
  # shellcheck disable=SC2046
  run run_limited 90 "$REAL_PYTHON" "$ROOT/tests/interop/drains.py" 5 \
    $(cat "$WORLD"/engine-[0-3].pid)
  assert_status 0
  assert_output ""
  for i in 0 1 2 3; do ended "$i"; done
}

# runs CODE: in the background, its words in `said` and its status in `left`; returns when it runs.
runs() {
  # shellcheck disable=SC2016
  in_background "$PWD/said" bash -c 'ipexec "$1"; echo $? >left' - "$1" >/dev/null
  wait_until 20 "the request to run" test -e begun
}

@test "a steady ipmap notices nothing of engines that end" {
  controller
  four_and_one
  squares 3000
  for i in 0 1 2 3; do ended "$i"; done
  run --separate-stderr run_limited 15 ipls
  assert_output --regexp '^[0-9]+$'
}

@test "nor with a queue in each engine" {
  controller --hwm=0
  four_and_one
  squares 3000 "--chunk=1 -j400"
  for i in 0 1 2 3; do ended "$i"; done
}

@test "nor with items of a shell" {
  controller
  four_and_one --kernel sh
  run --separate-stderr run_limited 90 bash -c \
    "seq 1200 | ipmap --chunk=1 --sh 'echo {} >>$PWD/ran; sleep 0.01; echo {}' | cksum"
  assert_status 0
  assert_output "$(seq 1200 | cksum)"
  assert_equal "$(sort -n ran | cksum)" "$(seq 1200 | cksum)"
  for i in 0 1 2 3; do ended "$i"; done
}

@test "nor does a real client, with our controller" {
  find_ipyparallel
  controller --hwm=0
  real_client
}

@test "nor does a real client with ipyparallel's controller" {
  find_ipyparallel
  in_background "$WORLD/controller.log" "$REAL_PYTHON" -m ipyparallel.controller --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 30 "the real controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json"
  real_client
}

@test "what runs is finished; what comes later is told why not" {
  controller
  engine 0
  run_limited 20 ipwait -n 1
  ipexec -a 'import time
open("begun", "w").close()
while not __import__("os").path.exists("go"): time.sleep(0.01)
done = 1' >words
  ipexec -a 'open("second", "w").write(str(done))' >>words
  wait_until 20 "the request to run" test -e begun
  drain 0
  run --separate-stderr run_limited 15 ipexec 'late = 1'
  assert_status 1
  assert_stderr --partial "engine 0 takes no more work: it was told to drain"
  touch go
  ended 0
  assert_equal "$(<second)" 1
  run --separate-stderr run_limited 15 bash -c 'xargs ipwait <words'
  assert_status 0
}

@test "--drain-timeout: what does not end is stopped, and its client told" {
  controller
  engine 0 --drain-timeout=0.5
  run_limited 20 ipwait -n 1
  runs 'open("begun", "w").close(); import time; time.sleep(60)'
  drain 0
  ended 0
  wait_until 20 "the client" test -s left
  assert_equal "$(<left)" 1
  assert_equal "$(<said)" \
    "ipexec: 0: was stopped, as engine 0 ends: it was told to drain, and so are 0.5 s more"
}

@test "a kernel that does not listen does not keep the engine" {
  controller
  engine 0 --drain-timeout=0.2
  run_limited 20 ipwait -n 1
  runs 'import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
open("begun", "w").close()
while True: time.sleep(1)'
  drain 0
  ended 0
  wait_until 20 "the client" test -s left
  assert_equal "$(<left)" 1
  run cat said
  assert_output --partial "as engine 0 ends: it was told to drain"
}

@test "an idle engine ends at once, and says why" {
  controller
  engine 0 --lifetime=1s
  ended 0
  run cat "$WORLD/engine-0.log"
  assert_output --partial "its lifetime of 1 s is over"
}

two_ended() {
  (($(ipcluster status | grep -c "ended: exit status 0.*its lifetime of 6 s is over") == 2))
}

@test "ipcluster: an engine that ended by its lifetime is not started again" {
  mkdir -p "$IPYTHONDIR/profile_default"
  echo 'engines: {args: ["--lifetime=6s"]}' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  export IPKIT_KERNEL=sh
  cluster_start 2
  wait_until 20 "both to have ended" two_ended
  run --separate-stderr run_limited 30 ipcluster engines -n 1
  assert_status 0
  assert_output "1 engine ready (2)"
}

@test "times that are none are refused" {
  local option
  for option in --lifetime=soon --drain-timeout=x; do
    run --separate-stderr run_limited 15 ipengine "$option"
    assert_status 64
    assert_stderr --partial "${option%%=*}"
  done
}
