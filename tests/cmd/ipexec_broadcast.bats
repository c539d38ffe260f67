#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# --broadcast of ipexec, ipapply and ippush: one message, which the controller spreads.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 20 "$@"; }

@test "output, values and errors as without it" {
  quick ipexec -n --broadcast -k 'me = 1; print("here", me)'
  assert_status 0
  assert_output $'here 1\nhere 1\nhere 1\nhere 1'
  assert_stderr ""
  quick ipexec -n --broadcast -b -p 'me + 1'
  assert_output --partial $'0-3 (4)\n---------------\n2'
  quick ipexec -n --broadcast -x 1 'nosuch'
  assert_status 1
  assert_stderr --partial "ipexec: 0,2-3 (3): NameError: name 'nosuch' is not defined, line 1: "
  quick ipexec -n --broadcast -S -t 1,3 --sh 'exit 5'
  assert_status 5
  assert_stderr "ipexec: 1,3 (2): exit status 5"
  quick ipexec -n --broadcast --kernel nosuch 1
  assert_status 68
  quick ipexec -n --broadcast --json -t 2 -p 7
  assert_output --regexp '^\{"id":"job:[^"]*","engine":2,"status":"ok","value":7\}$'
}

@test "standard input, scripts, several kernels" {
  quick bash -c 'seq 5 | ipexec --broadcast -i --sh "wc -l" | uniq -c'
  assert_output --regexp '^ *4 5$'
  quick ipexec -n --broadcast 'echo = 6'
  quick ipexec -n --broadcast -t 0,1 -k -l -p --kernel python,sh 'echo % 4'
  assert_output $'0/python: 2\n1/python: 2\n0/sh: % 4\n1/sh: % 4'
}

@test "it is one message: its ids have one beginning" {
  quick ipexec -n --broadcast --json 'pass'
  assert_equal "$(grep -o '"id":"job:[^_]*_[0-9]*_[0-9]*_' <<<"$output" | sort | uniq -c |
    awk '{print $1}')" 4
}

@test "--timeout interrupts, and the engines are free again" {
  quick ipexec -n --broadcast --timeout 1 'import time; time.sleep(60)'
  assert_status 124
  assert_stderr "ipexec: timed out after 1s: 0-3 interrupted"
  quick ipexec -n --broadcast --timeout 10 -b 'print(1)'
  assert_status 0
}

@test "an engine whose kernel dies: the others' output stays" {
  quick ipexec -n -t 2 'dies = True'
  quick ipexec -n --broadcast -k 'import os
if "dies" in globals(): os.kill(os.getpid(), 9)
print("out")'
  assert_status 1
  assert_output $'out\nout\nout'
  assert_stderr --partial "ipexec: 2: kernel killed by signal 9"
}

@test "no records: -a is 64" {
  quick ipexec -n --broadcast -a pass
  assert_status 64
  assert_stderr --partial "--broadcast does not go with --async"
  quick ipapply -n --broadcast -a abs 1
  assert_status 64
}

@test "ippush: small values, and large ones in pieces" {
  head -c 20000000 /dev/urandom >bytes
  quick ippush -n --broadcast a=5 b='[1, 2]' c=@bytes
  assert_status 0
  assert_output ""
  quick ipexec -n -b -p '(a, b, __import__("zlib").crc32(c))'
  assert_line "0-3 (4)"
  crc=$(/usr/bin/python3 -c 'import zlib; print(zlib.crc32(open("bytes", "rb").read()))')
  assert_line "[5, [1, 2], $crc]"
  quick ippush -n --broadcast --kernel sh c=@bytes
  assert_status 1
  assert_stderr --partial "ippush: 0-3 (4): TypeError"
}

@test "ippush: one engine that cannot take it does not keep it from the others" {
  quick ipexec -n -t 1 'only_there = 1'
  quick ippush -n --broadcast -t 0,1 n=ref:only_there
  assert_status 1
  assert_stderr --partial "ippush: 0: "
  quick ippull -n -t 1 n
  assert_output 1
}

@test "ipapply" {
  quick ipapply -n --broadcast 'lambda x: x + 1' 26
  assert_output $'27\n27\n27\n27'
  head -c 300000 /dev/zero >bytes
  quick ipapply -n --broadcast len @bytes
  assert_output $'300000\n300000\n300000\n300000'
  quick ipexec -n -p '[k for k in globals() if k.startswith("_ipapply")]'
  assert_output $'[]\n[]\n[]\n[]'
}
