#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ippull: values out (R10), nothing when a part is missing (R6), the stage rule (R2).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  run_limited 20 ippush -n num=30 'text=to the engines!' 'two=["a", 1]'
  run_limited 20 ipexec -n 'class C:
  __repr__ = lambda self: "<C>"
c = C(); raw = b"\xff\x00\n"; lines = "a\nb"; big = bytes(range(256)) * 20000'
  run_limited 20 ippush -n -t 0 only=1
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

pull() { run --separate-stderr run_limited 20 ippull "$@"; }

@test "strings as they are, all else JSON, no JSON form: its repr" {
  pull -t 0 text
  assert_status 0
  assert_output 'to the engines!'
  assert_stderr ""
  pull -t 0 num two c lines
  assert_output $'30\n["a", 1]\n<C>\na\nb'
}

@test "engine order, each engine's names in theirs" {
  run_limited 20 ipexec -n -t 0 'me = "zero"'
  run_limited 20 ipexec -n -t 1 'me = "one"'
  pull me num
  assert_output $'zero\n30\none\n30'
  pull -t -1 me
  assert_output one
}

@test "IPKIT_TARGETS is the default of -t" {
  IPKIT_TARGETS=1 pull num
  assert_output 30
  IPKIT_TARGETS=1 pull -t all num
  assert_output $'30\n30'
  pull -x 0 num
  assert_output 30
}

@test "expressions" {
  pull -t 0 'len(two)' 'two[0]' 'print'
  assert_status 0
  assert_line -n 0 2
  assert_line -n 1 a
}

@test "-0 ends values with NUL, -l labels them" {
  run_limited 20 ippull -0 -t 0 lines num >out
  assert_equal "$(od -An -c out | tr -s ' ')" ' a \n b \0 3 0 \0'
  pull -l num
  assert_output $'0: 30\n1: 30'
}

@test "--json: one object a line, with id, engine, status and value" {
  pull --json text c raw
  assert_status 0
  assert_equal "${#lines[@]}" 6
  run run_limited 20 bash -c 'ippull -n --json text c raw | /usr/bin/python3 -c "
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert [r[\"engine\"] for r in rows] == [0, 0, 0, 1, 1, 1]
assert all(r[\"status\"] == \"ok\" and r[\"id\"].startswith(\"job:\") for r in rows)
values = [r[\"value\"] for r in rows[:3]]
assert values == [\"to the engines!\", \"<C>\", {\"base64\": \"/wAK\"}], rows
"'
  assert_status 0
}

@test "bytes as they are, of one engine only" {
  run_limited 20 ippull -n -t 0 raw | cmp - <(printf '\377\0\n')
  pull raw
  assert_status 64
  assert_output ""
  assert_stderr --partial "'raw' is bytes"
}

@test "bytes larger than a message" {
  run_limited 30 ippull -n -t 1 big >out
  assert_equal "$(stat -c %s out)" 5120000
  /usr/bin/python3 -c 'assert open("out", "rb").read() == bytes(range(256)) * 20000'
}

@test "-o writes a file whole; NAME.npy is NumPy's format" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  run_limited 20 ipexec -n -t 0 'import numpy; a = numpy.arange(6).reshape(2, 3)'
  pull -t 0 -o a.npy a
  assert_status 0
  assert_output ""
  /usr/bin/python3 -c 'import numpy; assert numpy.load("a.npy").tolist() == [[0, 1, 2], [3, 4, 5]]'
  run_limited 20 ippull -n -t 0 --npy a | cmp - a.npy
  pull -t 0 -o raw.bin raw
  cmp raw.bin <(printf '\377\0\n')
  pull -t 0 -o nodir/x raw
  assert_status 70
  pull -o a.npy num
  assert_status 64
  pull -t 0 -o a.npy num text
  assert_status 64
}

@test "a part that is missing: nothing on stdout, who and what on stderr" {
  pull only
  assert_status 1
  assert_output ""
  assert_stderr "ippull: 1: no 'only'"
  pull num nosuch
  assert_status 1
  assert_output ""
  assert_stderr "ippull: 0-1 (2): no 'nosuch'"
  pull '1/0'
  assert_status 1
  assert_stderr --partial "0-1 (2): ZeroDivisionError: division by zero"
}

@test "the shell kernel's variables" {
  run_limited 20 ippush -n --sh 'v=a b' 'n=5'
  pull --sh -t 0 v n
  assert_status 0
  assert_output $'a b\n5'
  # shellcheck disable=SC2016 # for the engine's shell
  assert_equal "$(run_limited 20 ipexec -n --sh -t 0 'echo "$v$n"')" 'a b5'
}

@test "operands" {
  pull
  assert_status 64
  pull -t 9 num
  assert_status 68
}

@test "in a pipeline: nothing when the command before failed" {
  run --separate-stderr run_limited 20 bash -c 'ipexec 1/0 | ippull num'
  assert_status 1
  assert_output ""
  assert_stderr --partial "ippull: not run: the command before it failed"
  run --separate-stderr run_limited 20 bash -c 'ipexec -n "num = 31" | ippull -t 0 num'
  assert_output 31
  run --separate-stderr run_limited 20 bash -c 'ipexec -n "num = 30" | ippull -t 0 num'
  assert_output 30
}

@test "a closed standard output ends it silently, by SIGPIPE" {
  run --separate-stderr run_limited 20 bash -c \
    'set -o pipefail; ippull -n -t 1 big | head -c 1 >/dev/null'
  assert_status 141
  assert_stderr ""
}
