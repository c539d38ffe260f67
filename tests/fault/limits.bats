#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# What an engine allows its kernel, and the deaths that follow: the one that waits hears why, the
# next request works, and no process is left.

load ../lib/cluster

setup() {
  world_make
  world_enter
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

# start [OPTION…]: a controller, and one engine with these options.
start() {
  in_background "$WORLD/controller.log" ipcontroller >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  [[ $* == *--restart* ]] || set -- --restart=on-failure "$@"
  in_background "$WORLD/engine-0.log" ipengine "$@" >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
}

# fails CODE WORDS…: ipexec CODE fails within 15 s and says each of WORDS; what follows works.
fails() {
  local word
  run --separate-stderr run_limited 15 ipexec "$1"
  assert_status 1
  for word in "${@:2}"; do assert_stderr --partial "$word"; done
  run --separate-stderr run_limited 15 ipexec -p '6*7'
  assert_output 42
}

@test "--memory-limit: the kernel that takes more is killed, and the client told how much" {
  start --memory-limit=200M
  fails 'x = bytearray(400 << 20); import time; time.sleep(60)' "out of memory" "of 200 MB"
}

@test "--memory-limit counts what the kernel has started, and lets others be" {
  start --memory-limit=200M
  run --separate-stderr run_limited 15 ipexec 'x = bytearray(50 << 20)'
  assert_status 0
  fails 'import subprocess, sys
subprocess.run([sys.executable, "-c", "x = bytearray(400 << 20); import time; time.sleep(60)"])' \
    "out of memory"
}

@test "--task-timeout: a request that is too long is stopped, the namespace stays" {
  start --task-timeout=0.5
  run_limited 15 ipexec 'kept = 1'
  fails 'import time; time.sleep(60)' "TaskTimeout" "ran longer than 0.5 s"
  run --separate-stderr run_limited 15 ipexec -p kept
  assert_output 1
}

@test "--task-timeout: a kernel that does not listen, or is stopped, is killed" {
  start --task-timeout=0.5
  fails 'import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)
while True: time.sleep(1)' "ran longer than 0.5 s" "did not stop when interrupted"
  fails 'import os, signal; os.kill(os.getpid(), signal.SIGSTOP)' "did not stop when interrupted"
}

@test "--task-timeout of a shell: the command is stopped, the variables stay" {
  start --task-timeout=0.5
  run_limited 15 ipexec --sh 'kept=yes'
  run --separate-stderr run_limited 15 ipexec --sh 'sleep 60'
  assert_status 1
  assert_stderr --partial "ran longer than 0.5 s"
  run --separate-stderr run_limited 15 ipexec --sh 'echo $kept'
  assert_output yes
}

@test "--restart=on-failure:1: once is well, twice a minute is refused" {
  start --restart=on-failure:1
  fails 'import os; os._exit(3)' "exit status 3"
  run --separate-stderr run_limited 15 ipexec 'import os; os._exit(3)'
  assert_status 1
  run --separate-stderr run_limited 15 ipexec 'pass'
  assert_status 1
  assert_stderr --partial "exit status 3"
}

@test "--nice, --env and --prologue are the kernels'" {
  echo 'export FROM_PROLOGUE=yes; here() { :; }' >prologue
  chmod 644 prologue
  start --nice=5 --env=A=1 --env "B=two words" --env PATH="$PATH:/extra" --prologue=prologue
  run --separate-stderr run_limited 15 ipexec -p 'import os
e = os.environ
" ".join([str(os.nice(0)), e["A"], e["B"], e["FROM_PROLOGUE"], e["PATH"][-6:]])'
  assert_output "5 1 two words yes /extra"
  run --separate-stderr run_limited 15 ipexec --sh 'echo $A $B $FROM_PROLOGUE'
  assert_output "1 two words yes"
}

@test "a prologue that fails, is gone, or is anybody's: the engine says so" {
  in_background "$WORLD/controller.log" ipcontroller >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  echo 'echo no such module >&2; exit 3' >prologue
  run --separate-stderr run_limited 15 ipengine --prologue=prologue
  assert_status 1
  assert_stderr --partial "no such module"
  run --separate-stderr run_limited 15 ipengine --prologue=gone
  assert_status 66
  assert_stderr --partial "gone"
  chmod 666 prologue
  run --separate-stderr run_limited 15 ipengine --prologue=prologue
  assert_status 77
  assert_stderr --partial "written by others"
}

@test "limits that are none are refused" {
  local option
  for option in --memory-limit=much --memory-limit=0 --task-timeout=soon --nice=99 --nice=x \
    --env=A --env==1 --restart=often --restart=on-failure: --restart=on-failure:x; do
    run --separate-stderr run_limited 15 ipengine "$option"
    assert_status 64
    assert_stderr --partial "${option%%=*}"
  done
}
