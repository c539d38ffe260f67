#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipgather: elements in engine order (R10), nothing when a part is missing (R6), verdicts (R4).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

gather() { run --separate-stderr run_limited 30 ipgather "$@"; }

@test "elements one a line: texts as they are, all else JSON" {
  run_limited 20 ipexec -n 'y = ["a b", 1, None, {"k": [2]}, 1.5]'
  gather -t 0 y
  assert_status 0
  assert_output $'a b\n1\nnull\n{"k": [2]}\n1.5'
  gather y
  assert_equal "${#lines[@]}" 20
}

@test "engine order, and the engines asked for" {
  run_limited 20 bash -c 'seq 8 | ipscatter y'
  gather y
  assert_output $'1\n2\n3\n4\n5\n6\n7\n8'
  gather -t ::2 y
  assert_output $'1\n2\n5\n6'
  gather '[v for v in y if int(v) > 3]'
  assert_output $'4\n5\n6\n7\n8'
}

@test "the last line gets its newline, bytes are exact" {
  run_limited 20 bash -c "printf 'a\nb' | ipscatter y | ipgather y >out"
  cmp out <(printf 'a\nb\n')
  run_limited 20 bash -c "printf 'a\nb' | ipscatter --type bytes y | ipgather y >out"
  cmp out <(printf 'a\nb')
}

@test "what is no sequence counts as one element" {
  run_limited 20 ippush -n y=5 's="text"'
  gather -t 0 y
  assert_output 5
  gather -t 0 s
  assert_output text
}

@test "-0 ends elements with NUL" {
  run_limited 20 ipexec -n 'y = ["a\nb", "c"]'
  run_limited 20 ipgather -n -0 -t 0 y >out
  cmp out <(printf 'a\nb\0c\0')
}

@test "--json: one object for each engine" {
  run_limited 20 bash -c 'seq 5 | ipscatter y'
  gather --json y
  assert_status 0
  assert_equal "${#lines[@]}" 4
  assert_line -n 0 --regexp '^\{"id":"job:[^"]+","engine":0,"status":"ok","value":\["1", ?"2"\]\}$'
}

@test "an engine without the name: nothing on stdout, that engine named" {
  run_limited 20 bash -c 'seq 8 | ipscatter -t 0,1,3 y2'
  gather y2
  assert_status 1
  assert_output ""
  assert_stderr "ipgather: 2: no 'y2'"
}

@test "large values: one missing part and nothing is printed" {
  run_limited 20 ipexec -n 'z = bytes(3000000)'
  run_limited 20 ipexec -n -t 3 'del z'
  gather z
  assert_status 1
  assert_output ""
  assert_stderr "ipgather: 3: no 'z'"
}

@test "a failed stage before: not run" {
  for option in +o -o; do
    run --separate-stderr run_limited 30 bash -c \
      "set $option pipefail; seq 4 | ipscatter x | ipexec '1/0' | ipgather x"
    assert_status 1
    assert_output ""
    assert_stderr --partial "ipgather: not run: the command before it failed"
  done
}

@test "what the stage printed is not for it: 65, left unread" {
  run_limited 20 ippush -n 'y=[1]'
  run --separate-stderr run_limited 30 bash -c \
    "ipexec -n 'print(\"dbg\"); y = [1]' | { ipgather y; echo \$?; cat; }"
  assert_line -n 0 65
  assert_line -n 1 dbg
  assert_stderr --partial '"dbg'
}

@test "job words before it are waited for" {
  run --separate-stderr run_limited 30 bash -c \
    "ipexec -n -a 'import time; time.sleep(0.3); w = [7]' | ipgather -t 0 w"
  assert_status 0
  assert_output 7
}

@test "operands" {
  gather
  assert_status 64
  gather a b
  assert_status 64
  gather --json --npy a
  assert_status 64
}

@test "arrays that do not fit together" {
  run_limited 20 ipexec -n 'import numpy; a = numpy.zeros((2, 3))' || skip "no NumPy"
  run_limited 20 ipexec -n -t 1 'a = numpy.zeros((2, 4))'
  gather --npy a
  assert_status 1
  assert_output ""
  assert_stderr --partial "engine 1: its array has another type or width"
}
