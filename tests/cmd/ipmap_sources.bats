#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap: items from several sources, and columns.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "::: twice: every combination, the last changing fastest" {
  script "ipmap 'x[0] * x[1] + x[2]' ::: 1 2 ::: 10 20 ::: 3"
  assert_output $'13\n23\n23\n43'
  script "ipmap --sh 'echo {2}{1} {}' ::: a b ::: 'c d'"
  assert_output $'c da a c d\nc db b c d'
  script "ipmap x ::: a :::"
  assert_status 0
  assert_output ""
}

@test ":::+ goes on with the source before it, and ends with the shorter one" {
  script "ipmap --sh 'echo {1}-{2}-{3}' ::: a b :::+ 1 2 3 ::: x y"
  assert_output $'a-1-x\na-1-y\nb-2-x\nb-2-y'
  seq 3 >numbers
  script "ipmap '[*x]' ::: a b c ::::+ '$PWD/numbers'"
  assert_output $'["a", 1]\n["b", 2]\n["c", 3]'
  script "ipmap x :::+ a"
  assert_status 64
  assert_stderr --partial "no source before it"
}

@test "--link: all sources item by item, short ones begin again" {
  script "ipmap --link --sh 'echo {1}{2}' ::: a b c ::: 1 2"
  assert_output $'a1\nb2\nc1'
  script "ipmap --link x ::: a b"
  assert_output $'a\nb'
}

@test "::::: several files, and standard input" {
  seq 2 >one
  seq 3 4 >two
  script "ipmap x :::: '$PWD/one' '$PWD/two'"
  assert_output $'1\n2\n3\n4'
  script "seq 2 | ipmap 'x[0] + x[1]' :::: - ::: 10 20"
  assert_output $'11\n21\n12\n22'
  script "seq 2 | ipmap x :::: -"
  assert_output $'1\n2'
  script "ipexec -t 0 '1/0' 2>/dev/null | ipmap x :::: - ::: 1"
  assert_status 1
  assert_stderr --partial "input incomplete"
  script "ipmap x ::: 1 :::: nosuch"
  assert_status 66
  script "ipmap x ::::"
  assert_status 64
}

@test "--colsep: columns of lines, also of several sources" {
  script "printf '2,10\n3,1\n' | ipmap --colsep , 'x[0] ** x[1]'"
  assert_output $'1024\n3'
  script "ipmap --colsep : --sh 'echo {1} {3} {-1}' ::: a:b ::: c d"
  assert_output $'a c c\na d d'
  script "printf 'a||b||\n' | ipmap --colsep '||' 'len(x)'"
  assert_output 3
  script "printf 'd/a.c\tb\n' | ipmap --colsep '\t' --sh 'echo {1/.} {2} {1//}'"
  assert_output "a b d"
}

@test "items with NUL cannot be put together" {
  printf 'a\0b\n' >file
  script "ipmap x :::: '$PWD/file' ::: 1"
  assert_status 65
}
