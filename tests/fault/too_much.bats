#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# More than a message, a pipe or the memory has room for: refused in a sentence, at once, and the
# next command works.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 1
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# ask LIMIT COMMAND: COMMAND in a shell, at most LIMIT seconds.
ask() { run --separate-stderr run_limited "$1" bash -c "$2"; }
works() {
  ask 20 "ipexec -p 6*7"
  assert_status 0
  assert_output 42
}

@test "input without end: refused at 512 MB, with as much memory as that takes" {
  ask 120 "yes | '$IPKIT_PYTHON' -c '
import resource, subprocess, sys
status = subprocess.run([\"ipexec\", \"-i\", \"pass\"]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)'"
  assert_status 65
  assert_stderr --partial "standard input: more than 512 MB"
  assert_stderr --partial "ippush x=@FILE"
  at_most "$output" 1300000 ipexec
  works
}

@test "code without end is refused too" {
  ask 120 "yes '# nothing' | head -c 80000000 | ipexec"
  assert_status 65
  assert_stderr --partial "of text, more than a message may (64 MB)"
  works
}

@test "an answer of too much text is an error, not a silence" {
  ask 120 "ipexec 'raise ValueError(\"x\" * 70_000_000)'"
  assert_status 1
  assert_stderr --partial "more than a message may (64 MB)"
  works
}

@test "a value of any size is no text" {
  ask 60 "ipexec -p '\"x\" * 70_000_000' | wc -c"
  assert_status 0
  assert_output 70000001
  works
}
