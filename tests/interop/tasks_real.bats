#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipsubmit and ipdag with ipyparallel's controller and engines.
load ../lib/cluster
load client
load pairs

setup_file() {
  world_make
  find_ipyparallel
  start_pair real real 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

@test "ipsubmit: order, values, what does not exist" {
  first=$(run_limited 30 ipsubmit -t 0 --push n=20 --pull 'n * 2' 'm = n')
  second=$(run_limited 30 ipsubmit --follow "$first" 'assert m == 20')
  third=$(run_limited 30 ipsubmit --after "$second:failure" pass)
  quick ipwait -p "$first" "$second"
  assert_status 0
  assert_line "$first 0 ok"
  assert_line "$second 0 ok"
  quick ipwait -q "$third"
  assert_status 1
  quick ipsubmit --after job:nosuch pass
  assert_status 66
}

@test "ipdag: what comes after a failure does not run, with values or without" {
  printf '%s\n' 'a b' 'b c' >graph
  quick ipdag -p graph 'x + "!"'
  assert_status 0
  assert_output $'a!\nb!\nc!'
  for option in -p -v; do
    quick ipdag "$option" graph "1/0 if x == 'a' else open('$PWD/ran-' + x, 'w')"
    assert_status 1
    assert_stderr --partial "not run because a failed: b, c"
  done
  run compgen -G 'ran-*'
  assert_status 1
}
