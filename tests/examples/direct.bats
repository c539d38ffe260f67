#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The manuals' examples of the direct interface, on four engines.

load typed

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# each TEXT: it four times, a line each.
each() { printf '%s\n' "$1" "$1" "$1" "$1"; }

@test "power(2, 10) on one engine, and on all" {
  typed "ipexec 'def power(x, y): return x**y' && ipapply -t 0 power 2 10"
  assert_output 1024
  typed 'ipapply power 2 10'
  assert_output "$(each 1024)"
}

@test "map(power, [2]*10, range(10))" {
  typed "ipexec 'def power(x, y): return x**y'
    ipmap --link 'power(x[0], x[1])' ::: 2 ::: {0..9}"
  assert_output "$(printf '%s\n' 1 2 4 8 16 32 64 128 256 512)"
  typed "paste <(yes 2 | head) <(seq 0 9) | ipmap --colsep '\t' 'power(*x)' | tail -n 1"
  assert_output 512
}

@test "a=5, b=7: a lambda with what the engines have" {
  typed "ippush a=5 b=7 && ipapply 'lambda x: a+b+x' 27"
  assert_output "$(each 39)"
}

@test "msg becomes x, x becomes y, there" {
  typed "ippush msg='Hello there' && ippush x=ref:msg && ipexec 'y = x.split()' && ippull y"
  assert_output "$(each '["Hello", "there"]')"
}

@test "even engines add, odd ones subtract" {
  typed "ippush a=5 b=7 && ipexec -t ::2 'c = a+b' && ipexec -t 1::2 'c = a-b' && ippull c"
  assert_output $'12\n-2\n12\n-2'
}

@test "the engine ids, spread, flattened: each has its own" {
  typed 'ipls | ipscatter --flatten id && ippull -l id'
  assert_output $'0: 0\n1: 1\n2: 2\n3: 3'
  typed "ipexec 'id = int(id)' && ippull 'id**2'"
  assert_output $'0\n1\n4\n9'
}

@test "a reference as argument: a matrix that stays, row by row, times one that travels" {
  need_numpy
  compute 'import numpy
numpy.save("A.npy", numpy.arange(48.0).reshape(12, 4))
numpy.save("B.npy", numpy.arange(8.0).reshape(4, 2))'
  typed 'ipscatter --type npy A A.npy && ipapply numpy.dot ref:A @B.npy'
  assert_equal "${#lines[@]}" 4
  assert_equal "$(jq -c '.[]' <<<"$output" | tr '\n' ' ')" "$(compute '
import numpy
for row in numpy.load("A.npy") @ numpy.load("B.npy"): print("[%d,%d]" % tuple(row), end=" ")')"
}

@test "one engine's value is used on the others" {
  typed "ipexec -t 0 'table = {n: n*n for n in range(4)}; table = list(table.values())' &&
    ippull -t 0 --to 1-3 table && ipapply 'lambda k: table[k]' 3"
  assert_output "$(each 9)"
}
