#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# What somebody does on the first day, end to end: scatter, run, gather, push, pull, map.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# A pipeline under `bash -c`, its status that of the last command.
pipeline() { run --separate-stderr run_limited 30 bash -c "$1"; }

@test "64 numbers, scattered, raised to the tenth power, gathered in order" {
  pipeline 'seq 64 | ipscatter x | ipexec "y = [int(v)**10 for v in x]" | ipgather y'
  assert_status 0
  assert_equal "${#lines[@]}" 64
  assert_equal "$output" "$(python3 -c 'for i in range(1, 65): print(i**10)')"
  assert_stderr ""
}

@test "an error in the middle: its engine and line on stderr, nothing gathered, status 1" {
  for option in +o -o; do
    pipeline "set $option pipefail
      ipexec 'y = [0]' && seq 64 | ipscatter x | ipexec 'y = 1/0' | ipgather y"
    assert_status 1
    assert_output ""
    assert_stderr --partial "ZeroDivisionError: division by zero"
    assert_stderr --partial "ipexec: 0-3 (4): "
    assert_stderr --partial "ipgather: not run: the command before it failed"
  done
}

@test "an error on one engine only names that engine" {
  pipeline 'ipexec -t 2 "y = 1/0"'
  assert_status 1
  assert_stderr --partial "ZeroDivisionError"
  pipeline 'seq 4 | ipscatter x | ipexec "y = 1 / (int(x[0]) - 3)"'
  assert_status 1
  assert_stderr --partial "ipexec: 2: ZeroDivisionError"
}

@test "ipscatter killed half-way: nothing after it runs, old data is not taken for new" {
  mkfifo feed
  run run_limited 20 ipexec 'y = "last week"; x = "last week"'
  # The writer holds the FIFO open, so that ipscatter is still reading when it is killed.
  bash -c 'exec 3>feed; echo $$ >writer; seq 10000 >&3; read -r _ <gate' &
  mkfifo gate
  bash -c '(echo $BASHPID >scatter; exec ipscatter x <feed) | ipexec "y = len(x)" | ipgather y' \
    >out 2>err &
  local pipe_pid=$!
  wait_until 10 "ipscatter" test -s scatter
  # It has unbound the name before it reads: that is how to see that it is under way.
  wait_until 10 "x to be unbound" bash -c '! ipexec -n -t 0 "x" 2>/dev/null'
  kill -KILL "$(<scatter)"
  local status=0
  wait "$pipe_pid" || status=$?
  echo >gate
  assert_equal "$status" 1
  assert_equal "$(<out)" ""
  grep -q "ipexec: not run: the command before it" err
  grep -q "ipgather: not run: the command before it" err
  run --separate-stderr run_limited 20 ipexec -p -t 0 y
  assert_output "last week"
  run --separate-stderr run_limited 20 ipexec -t 0 x
  assert_status 1
  assert_stderr --partial NameError
}

@test "push and pull" {
  pipeline "ippush a=30 b='to the engines!'; ippull -t 0 a; ippull -t 0 b"
  assert_status 0
  assert_output $'30\nto the engines!'
  pipeline "ippull a"
  assert_output $'30\n30\n30\n30'
}

@test "each engine has its own namespace" {
  pipeline "ipexec -t 0 'pi=3'; ipexec -t 1 'pi=3.14'; ippull -t 0,1 pi"
  assert_status 0
  assert_output $'3\n3.14'
}

@test "a map over numbers, results in input order" {
  pipeline "seq 0 15 | ipmap 'x**10'"
  assert_status 0
  assert_equal "$output" "$(python3 -c 'for i in range(16): print(i**10)')"
}

@test "a shell map over files, as the shell itself has it" {
  pipeline "ls /usr/share/common-licenses/* | ipmap --sh 'wc -l < {}'"
  assert_status 0
  assert_equal "$output" "$(for f in /usr/share/common-licenses/*; do wc -l <"$f"; done)"
}

@test "text goes through scatter and print to other programs" {
  pipeline 'cat /usr/share/common-licenses/GPL-3 | ipscatter l |
    ipexec "for s in l: print(*s.split(), sep=chr(10))" | sort | uniq -c | sort -k2'
  assert_status 0
  local expected
  expected=$(python3 -c '
import sys
for s in open("/usr/share/common-licenses/GPL-3"): print(*s.split(), sep="\n")' |
    sort | uniq -c | sort -k2)
  assert_equal "$output" "$expected"
}

@test "yes | ipmap x | head -1 ends by SIGPIPE, silent" {
  pipeline 'set -o pipefail; yes | ipmap x | head -1'
  assert_status 141
  assert_output y
  assert_stderr ""
}

@test "ten thousand items" {
  pipeline "seq 10000 | ipmap 'x+1' | cksum"
  assert_output "$(seq 2 10001 | cksum)"
}
