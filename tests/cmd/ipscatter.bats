#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipscatter: slices, forms of input, whole or absent (R6), the verdict of what it reads (R4).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

scatter() { run --separate-stderr run_limited 30 ipscatter "$@"; }
# Name x of every engine, an engine a line.
parts() { run_limited 20 ippull -n "${1:-x}"; }

@test "lines, contiguous, the first engines get one more; prints nothing" {
  seq 10 >in
  scatter x <in
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(parts)" $'["1", "2", "3"]\n["4", "5", "6"]\n["7", "8"]\n["9", "10"]'
}

@test "from a pipe, and the last line may lack its newline" {
  run --separate-stderr run_limited 30 bash -c 'printf "a\nb" | ipscatter x'
  assert_status 0
  assert_equal "$(parts)" $'["a"]\n["b"]\n[]\n[]'
}

@test "nothing: empty lists everywhere" {
  run --separate-stderr run_limited 30 bash -c ': | ipscatter x | ipgather x'
  assert_status 0
  assert_output ""
  assert_equal "$(parts)" $'[]\n[]\n[]\n[]'
}

@test "files one after the other, each line of its own" {
  printf 'a\nb' >one
  printf 'c\n' >two
  scatter -t 0,2 x one two
  assert_status 0
  assert_equal "$(run_limited 20 ippull -n -t 0,2 x)" $'["a", "b"]\n["c"]'
  run --separate-stderr run_limited 30 bash -c 'echo d | ipscatter -t 0 x one - two'
  assert_equal "$(run_limited 20 ippull -n -t 0 x)" '["a", "b", "d", "c"]'
}

@test "-0 and -d" {
  run --separate-stderr run_limited 30 bash -c 'printf "a\nb\0c\0" | ipscatter -t 0,1 -0 x'
  assert_equal "$(run_limited 20 ippull -n -t 0,1 x)" $'["a\\nb"]\n["c"]'
  run --separate-stderr run_limited 30 bash -c 'echo a:b::c | ipscatter -t 0 -d : x'
  assert_equal "$(run_limited 20 ippull -n -t 0 x)" '["a", "b", "", "c"]'
}

@test "text is text: numbers, null, invalid UTF-8 and CR survive" {
  printf '1984\nnull\n[a]\n\377\r\n' >in
  scatter x <in
  assert_status 0
  run_limited 20 ipgather -n x | cmp - in
}

@test "--type bytes is exact, also without a final newline and with NUL" {
  head -c 100003 /dev/urandom >in
  scatter --type bytes x in
  assert_status 0
  run_limited 20 ipgather -n x | cmp - in
}

@test "--type json: elements of a list" {
  echo '[1, {"a": [2]}, "x", null, 5]' >in
  scatter --type json x in
  assert_status 0
  assert_equal "$(parts)" $'[1, {"a": [2]}]\n["x"]\n[null]\n[5]'
  echo '{"a": 1}' >in
  scatter --type json x in
  assert_status 65
  assert_stderr --partial "not a list"
}

@test "--type npy: rows of an array" {
  /usr/bin/python3 -c 'import numpy; numpy.save("in.npy", numpy.arange(10.0).reshape(5, 2))' ||
    skip "no NumPy"
  scatter --type npy x in.npy
  assert_status 0
  assert_equal "$(parts x.shape)" $'[2, 2]\n[1, 2]\n[1, 2]\n[1, 2]'
  run_limited 20 ipgather -n --npy x >out.npy
  /usr/bin/python3 -c 'import numpy; assert (numpy.load("out.npy") == numpy.load("in.npy")).all()'
  echo text >bad.npy
  scatter --type npy x bad.npy
  assert_status 65
}

@test "input larger than one piece, from a file and through a pipe" {
  seq 3000000 >in
  scatter x in
  assert_status 0
  run_limited 30 ipgather -n x | cmp - in
  run --separate-stderr run_limited 30 bash -c 'cat in | ipscatter x | ipgather x | cmp - in'
  assert_status 0
}

@test "bad operands: nothing is sent, an old value stays" {
  run_limited 20 ippush -n 'x="old"'
  scatter
  assert_status 64
  scatter 1x
  assert_status 64
  scatter x nofile
  assert_status 66
  assert_stderr --partial nofile
  scatter x .
  assert_status 66
  scatter --type foo x in
  assert_status 64
  scatter -0 --type npy x in
  assert_status 64
  scatter -d ab x in
  assert_status 64
  assert_equal "$(run_limited 20 ippull -n -t 0 x)" old
}

@test "no file: what follows does not run" {
  run --separate-stderr run_limited 30 bash -c "ipscatter x nofile | ipexec 'y = len(x)'"
  assert_status 1
  assert_stderr --partial "ipscatter: cannot open nofile"
  assert_stderr --partial "ipexec: not run: the command before it failed"
}

@test "input that its writer did not finish is not bound" {
  run_limited 20 ippush -n 'x="old"'
  run --separate-stderr run_limited 30 bash -c "ipexec -n 'print(1); 1/0' | ipscatter x"
  assert_status 1
  assert_stderr --partial "ipscatter: not bound: incomplete input: the command before it failed"
  run --separate-stderr run_limited 20 ippull -n -t 0 x
  assert_status 1
  assert_stderr --partial "no 'x'"
}

@test "killed while it reads: the name is undefined, not last week's" {
  run_limited 20 ippush -n 'x="old"'
  mkfifo feed
  in_background err ipscatter x feed >pid
  exec 5>feed
  seq 1000 >&5
  wait_until 10 "x to be unbound" bash -c '! ippull -n x >/dev/null 2>&1'
  kill -KILL "$(<pid)"
  exec 5>&-
  run --separate-stderr run_limited 20 ipgather -n x
  assert_status 1
  assert_output ""
  assert_stderr --partial "no 'x'"
}

@test "a signal while it reads: it dies by it" {
  mkfifo feed
  # shellcheck disable=SC2016 # for the inner shell
  run_limited 20 bash -c 'ipscatter x feed & p=$!; exec 5>feed; echo 1 >&5
    while ippull -n x >/dev/null 2>&1; do :; done
    kill -TERM $p; wait $p; echo $?' >out 2>err
  assert_equal "$(<out)" 143
}
