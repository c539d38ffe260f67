#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap --reduce: one result of all items.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "a sum of a million squares" {
  script "seq 1000000 | ipmap --reduce 'a+b' 'x*x'"
  assert_status 0
  assert_output 333333833333500000
  assert_stderr ""
}

@test "the order of the input is kept: what is associative need not commute" {
  seq 20000 >in
  script "ipmap --reduce 'a+b' --chunk 7 \"_ + ' '\" <in | tr ' ' '\n' | grep . | cmp - in &&
    echo same"
  assert_output same
  script "seq 5000 | ipmap --reduce 'a + b' --chunk 3 '[x] if x % 1000 == 0 else []'"
  assert_output '[1000, 2000, 3000, 4000, 5000]'
}

@test "functions, names of the engines, a module's function" {
  script "seq 100 | ipmap --reduce max 'x % 37'"
  assert_output 36
  script "ipmap --reduce math:gcd x ::: 12 18 30"
  assert_output 6
  script "ipexec 'def join(a, b): return a + sep + b' 'sep = \"-\"' 2>/dev/null
    ipexec 'sep = \"-\"; join = lambda a, b: a + sep + b'; ipmap --reduce join _ ::: a b c"
  assert_output a-b-c
  script "ipmap --reduce 'lambda p, q: p * q' x ::: 2 3 7"
  assert_output 42
}

@test "values without a JSON form travel between engines" {
  script "yes 'to be or not to be' | head -n 3000 |
    ipmap --chunk 10 --reduce 'a + b' '__import__(\"collections\").Counter(x.split())'"
  assert_output '{"to": 6000, "be": 6000, "or": 3000, "not": 3000}'
  script "seq 300 | ipmap --chunk 1 --reduce 'a | b' '{x % 3}'"
  assert_output '{0, 1, 2}'
  script "ipmap --reduce 'a+b' 'lambda: x' ::: 1 2 3"
  assert_status 1
  assert_stderr --partial "cannot go to another engine"
}

@test "nothing in, nothing out; one item is the result itself" {
  script ": | ipmap --reduce 'a+b' x"
  assert_status 0
  assert_output ""
  assert_stderr ""
  script "echo 5 | ipmap --reduce 'a+b' x; echo one | ipmap -0 --reduce 'a+b' x | tr '\0' %"
  assert_output $'5\none\n%'
}

@test "what fails is left out, said, and status 1" {
  script "seq 5 | ipmap --reduce 'a+b' '6 // (x - 3)'"
  assert_status 1
  assert_output 0
  assert_stderr --regexp "item 3 \('3'\): engine [01]: ZeroDivisionError"
  assert_stderr --partial "ipmap: 1 of 5 items failed: the result is without them"
  script "seq 3 | ipmap --reduce 'a+b' '1 // 0'"
  assert_status 1
  assert_output ""
  script "seq 3 | ipmap --halt now,fail=1 --chunk 1 --reduce 'a+b' '1 // 0'"
  assert_status 1
  assert_output ""
  assert_stderr --partial "(--halt)"
}

@test "--retries: the order is kept" {
  script "ipexec 'seen = set()'; seq 40 | ipmap --chunk 10 --retries 3 --reduce 'a+b' \
    \"_ + ' ' if x % 7 or x in seen else seen.add(x) or 1/0\""
  assert_status 0
  assert_output "$(seq 40 | tr '\n' ' ')"
}

@test "an item that kills its kernel is left out alone" {
  script "seq 20 | ipmap --chunk 10 --reduce 'a+b' \
    '__import__(\"os\").kill(__import__(\"os\").getpid(), 9) if x == 13 else x'"
  assert_status 1
  assert_output 197
  assert_stderr --partial "item 13 ('13')"
}

@test "an expression that is none, or fails, ends the map" {
  script "seq 3 | ipmap --reduce 'a+' x"
  assert_status 1
  assert_stderr --partial SyntaxError
  script "seq 3 | ipmap --reduce 'a + \"s\"' x"
  assert_status 1
  assert_output ""
  assert_stderr --partial TypeError
  script "seq 3 | ipmap --reduce '7' x"
  assert_status 1
  assert_stderr --partial "no expression of a and b, and no function"
}

@test "--json, --pipe, -t" {
  script "seq 4 | ipmap --json -t 1 --reduce 'a+b' x"
  assert_output --regexp '^\{"id":"job:[^"]+","engine":1,"status":"ok","items":4,.*"value":10\}$'
  script "seq 100000 | ipmap --pipe --block 32k --reduce 'a+b' 'x.count(\"\n\")'"
  assert_output 100000
}

@test "incomplete input has no result" {
  script "{ seq 3; ipexec --nosuch 2>/dev/null; } | ipmap --reduce 'a+b' x"
  assert_status 1
  assert_output ""
  assert_stderr --partial "input incomplete"
}

@test "usage: what has no meaning with one result" {
  local wrong
  for wrong in "--sh" "--joblog log" "--results dir" "--tag" "--unordered" "--halt now,done=3"; do
    script "echo 1 | ipmap $wrong --reduce 'a+b' x"
    assert_status 64
  done
  script "echo 1 | ipmap --reduce '' x"
  assert_status 64
}

@test "an error of the reduction is told from one of the expression" {
  local n reduce
  for n in 3 2000; do
    for reduce in 'a+nosuch' 'a+' '1/0*a' nosuch 3; do
      run --separate-stderr run_limited 20 bash -c "seq $n | ipmap --reduce '$reduce' x"
      assert_status 1
      assert_output ""
      assert_stderr --regexp '^ipmap: --reduce: (Name|Syntax|ZeroDivision|Type)Error: '
    done
  done
  run --separate-stderr run_limited 20 bash -c "seq 3 | ipmap --reduce a+b 'x +'"
  assert_status 1
  assert_stderr --partial "ipmap: SyntaxError: "
}
