#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipstat: queues and load.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

stat_() { run --separate-stderr run_limited 20 ipstat "$@"; }

@test "a line for each engine, one for the controller" {
  stat_
  assert_status 0
  assert_equal "${#lines[@]}" 4
  assert_line -n 0 --regexp '^id +state +queue +tasks +completed +failed$'
  assert_line -n 1 --regexp '^ 0 +(idle|busy) +'
  assert_line -n 3 --regexp '^controller [0-9]+ on .*, up .*, [0-9.]+ MB, unassigned tasks: 0$'
}

@test "work that waits is counted, work done too" {
  j=$(run_limited 20 ipexec -n -t 0 -a "$(held go)")
  run_limited 20 ipexec -n -t 0 -a 'pass' >/dev/null
  run --separate-stderr run_limited 20 bash -c \
    "ipstat --json | /usr/bin/python3 -c \"
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(rows[1]['engine'], rows[1]['queue'], rows[2]['queue'])\""
  assert_output "0 2 0"
  touch go
  run_limited 20 ipwait "$j"
  # shellcheck disable=SC2016 # for the inner shell
  wait_until 10 "both to be finished" bash -c '[[ $(ipstat -q) == "0 0 "* ]]'
}

@test "-t chooses, operands are refused" {
  stat_ -t 1
  assert_equal "${#lines[@]}" 3
  stat_ foo
  assert_status 64
}

@test "-q: three numbers" {
  stat_ -q
  assert_status 0
  assert_output --regexp '^[0-9]+ [0-9]+ [0-9]+$'
}
