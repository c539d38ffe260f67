#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Our commands with both kinds of engines at once: 0 ours, 1 ipyparallel's, over CURVE.
load ../lib/cluster
load client
load pairs

setup_file() {
  world_make
  find_ipyparallel
  export IPP_ENABLE_CURVE=1
  start_controller ours
  start_engine ours 0
  wait_until 60 "our engine" engines_answer 1 || { world_show_logs; return 1; }
  start_engine real 1
  wait_until 60 "the other engine" engines_answer 2 || { world_show_logs; return 1; }
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

@test "one command for both" {
  quick ipexec 'print("here")'
  assert_status 0
  assert_output $'here\nhere'
  quick ipexec -p 'undefined'
  assert_status 1
  assert_stderr_of_both "NameError: name 'undefined' is not defined, line 1"
  quick bash -c 'seq 64 | ipscatter x | ipexec "y = [int(v)**2 for v in x]" | ipgather y'
  assert_status 0
  assert_output "$(for i in {1..64}; do echo $((i * i)); done)"
}

@test "a map's items go to both" {
  quick bash -c 'seq 40 | ipmap --chunk 1 --json "(__import__(\"time\").sleep(0.01), x)[1]"'
  assert_status 0
  [[ $(jq .value <<<"$output") == "$(seq 40)" ]]
  [[ $(jq .engine <<<"$output" | sort -u) == $'0\n1' ]]
}

@test "what only ours have is for ours" {
  quick ipexec --sh 'echo $((6 * 7))'
  assert_status 68
  assert_output ''
  assert_stderr --partial 'engine 1 runs ipyparallel'
  assert_stderr --partial 'leave out the others: -x 1'
  quick ipexec -x 1 --sh 'echo $((6 * 7))'
  assert_status 0
  assert_output 42
  quick bash -c 'seq 3 | ipmap -x 1 --sh "echo {}"'
  assert_status 0
  assert_output $'1\n2\n3'
}

@test "ipclear clears both" {
  quick ippush cleared=1
  quick ipclear
  assert_status 0
  quick ippull cleared
  assert_status 1
  assert_stderr "ippull: 0-1 (2): no 'cleared'"
}

@test "--broadcast: one message for each kind" {
  quick ipexec --broadcast 'me = 7; print("here")'
  assert_status 0
  assert_output $'here\nhere'
  quick ipexec --broadcast -p 'me * 6'
  assert_output $'42\n42'
}
