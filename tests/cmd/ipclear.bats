#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipclear: namespaces as they were at the start.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  run_limited 20 ipclear && run_limited 20 ippush -n x=1
}

clear_them() { run --separate-stderr run_limited 20 ipclear "$@"; }

# names [-t SET]: what python's namespaces hold.
names() { run_limited 20 ipls --names "$@"; }

# started FILE: true once the code that makes it runs.
started() { [[ -e $1 ]]; }

# occupy: engine 0 is busy until ./go is there, and needs x then; prints the job.
occupy() {
  rm -f busy go
  run_limited 20 ipexec -n -t 0 -a \
    "open('$PWD/busy', 'w').close()"$'\n'"$(held go x)"
  wait_until 20 "the code runs" started busy
}

@test "all engines, silently" {
  run_limited 20 ippush -n y=2
  assert_equal "$(names)" $'x\ny'
  clear_them
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(names)" ""
  run --separate-stderr run_limited 20 ippull x
  assert_status 1
  assert_stderr --partial "no 'x'"
}

@test "an engine goes on working afterwards" {
  clear_them
  assert_status 0
  assert_equal "$(run_limited 20 ipexec -n -t 0 -p '6 * 7')" 42
}

@test "-t and -x: only these" {
  clear_them -t 1
  assert_status 0
  assert_equal "$(names -t 0)" x
  assert_equal "$(names -t 1)" ""
  run_limited 20 ippush -n x=1
  clear_them -x 1
  assert_status 0
  assert_equal "$(names -t 0)" ""
  assert_equal "$(names -t 1)" x
}

@test "--sh and --kernel: another kernel's namespace" {
  run_limited 20 ipexec -n --sh 'v=7'
  clear_them --sh
  assert_status 0
  assert_equal "$(run_limited 20 ipexec -n -t 0 --sh 'echo "[$v]"')" "[]"
  assert_equal "$(names)" x
  run_limited 20 ipexec -n --sh 'v=7'
  clear_them --kernel sh -t 0
  assert_status 0
  assert_equal "$(run_limited 20 ipexec -n -t 0 --sh 'echo "[$v]"')" "[]"
  assert_equal "$(run_limited 20 ipexec -n -t 1 --sh 'echo "[$v]"')" "[7]"
}

@test "a kernel that is not there" {
  clear_them --kernel nosuch
  assert_status 68
  assert_stderr --partial "nosuch"
  assert_equal "$(names)" x
}

@test "--timeout: 124, and it is not cleared later either" {
  j=$(occupy)
  clear_them --timeout 100ms -t 0
  assert_status 124
  assert_output ""
  assert_stderr --partial "timed out after 100ms: 0 not cleared"
  touch go
  run_limited 20 ipwait "$j"
  assert_equal "$(names -t 0 | grep -x x)" x
}

@test "what runs ends first; a wait says for what; -q does not" {
  j=$(occupy)
  run_limited 40 ipclear 2>said 3>&- &
  wait_until 20 "its words" grep -qs . said
  touch go
  wait $!
  assert_equal "$(<said)" "ipclear: waiting for 0: busy"
  run_limited 20 ipwait "$j"
  assert_equal "$(names)" ""
  j=$(run_limited 20 ipexec -n -t 0 -a 'import time; time.sleep(2.7)')
  clear_them -q
  assert_status 0
  assert_stderr ""
  run_limited 20 ipwait "$j"
}

@test "interrupted: it dies by the signal, nothing is cleared" {
  j=$(occupy)
  run run_limited 20 timeout --preserve-status -s INT 0.5 ipclear -t 0
  assert_status 130
  touch go
  run_limited 20 ipwait "$j"
  assert_equal "$(names -t 0 | grep -x x)" x
}

@test "operands, engines and times that are none" {
  clear_them x
  assert_status 64
  assert_stderr --partial "ipexec 'del NAME'"
  clear_them -t 9
  assert_status 68
  assert_stderr --partial "no engine 9: there are 0-1"
  clear_them -t nobody:x
  assert_status 64
  clear_them --timeout soon
  assert_status 64
  clear_them --target 0
  assert_status 64
  assert_stderr --partial "did you mean --targets?"
  assert_equal "$(names)" x
}

@test "no controller: 69; no engines: 75" {
  clear_them --profile nobody
  assert_status 69
  run_limited 20 ipcluster start -n 0 --cluster-id empty --daemonize >/dev/null
  clear_them --cluster-id empty
  assert_status 75
  run_limited 20 ipcluster stop --cluster-id empty
}
