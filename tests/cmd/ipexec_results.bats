#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipexec: outputs compared (--diff), kept in files (--results), displays kept (--display).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 3
  run_limited 20 ipscatter --type json --flatten me <<<'[0, 1, 2]'
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

ours() { run --separate-stderr run_limited 20 ipexec -n "$@"; }

@test "--diff: how the others differ from the first engine" {
  ours --diff 'print("a"); print("x" if me == 1 else "b"); print("c")'
  assert_status 0
  assert_output $'--- 0,2 (2)\n+++ 1 (1)\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c'
  ours --diff -p 'me'
  assert_output $'--- 0 (1)\n+++ 1 (1)\n@@ -1 +1 @@\n-0\n+1
--- 0 (1)\n+++ 2 (1)\n@@ -1 +1 @@\n-0\n+2'
}

@test "--diff: nothing when all are equal; silence counts" {
  ours --diff 'print("same")'
  assert_status 0
  assert_output ""
  ours --diff 'if me: print("more")'
  assert_output $'--- 0 (1)\n+++ 1-2 (2)\n@@ -0,0 +1 @@\n+more'
}

@test "--results: a file for each engine and stream, printed as well" {
  ours -k --results out 'import sys; print("out", me); print("err", me, file=sys.stderr)'
  assert_status 0
  assert_output $'out 0\nout 1\nout 2'
  assert_equal "$(cat out/0/stdout out/2/stdout)" $'out 0\nout 2'
  assert_equal "$(<out/1/stderr)" "err 1"
  ours -t 1 --results out -p '"v"'
  assert_equal "$(<out/1/stdout)" v
  assert_equal "$(<out/1/stderr)" ""
  assert_equal "$(<out/0/stdout)" "out 0"
  ours --json --results json 'print(me)'
  assert_equal "$(cat json/*/stdout)" $'0\n1\n2'
}

@test "--results: what failed has its traceback there" {
  ours --results out 'print("before"); 1 / (me - 1)'
  assert_status 1
  assert_equal "$(<out/1/stdout)" before
  grep -q 'ZeroDivisionError' out/1/stderr
  assert_equal "$(<out/0/stderr)" ""
}

@test "--results: a directory that cannot be made" {
  touch out
  ours --results out 'pass'
  ((status != 0)) || fail "no error"
  assert_stderr --partial out
}

@test "--display: displays by MIME type" {
  ours -t 0 --display shown 'class Plot:
  def _repr_svg_(self): return "<svg/>"
  def __repr__(self): return "a plot"
Plot()'
  assert_status 0
  assert_output ""
  assert_equal "$(cd shown && echo *)" "0-1.svg 0-1.txt"
  assert_equal "$(<shown/0-1.svg)" "<svg/>"
  assert_equal "$(<shown/0-1.txt)" "a plot"
}

@test "--display: display() of several, pictures as bytes" {
  /usr/bin/python3 -c 'import IPython' || skip "no IPython"
  ours --display shown 'from IPython.display import display, Image
display(Image(data=b"\x89PNG\r\n\x1a\nrest", format="png"))
display({"text/html": "<b>%d</b>" % me}, raw=True)'
  assert_status 0
  assert_equal "$(head -c 4 shown/2-1.png | od -An -tx1 | tr -d ' ')" 89504e47
  assert_equal "$(<shown/1-2.html)" "<b>1</b>"
}

@test "options that contradict each other" {
  ours --diff -b 'pass'
  assert_status 64
  assert_stderr --partial "--diff does not go with --fold"
  ours --diff --json 'pass'
  assert_status 64
  ours -a --results out 'pass'
  assert_status 64
  ours -a --display out 'pass'
  assert_status 64
}
