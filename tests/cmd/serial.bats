#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# --serial and IPKIT_SERIAL: a kernel of the command's own, no cluster anywhere.

load ../lib/cluster

setup_file() { world_make; }
teardown_file() { assert_world_empty; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 20 "$@"; }

@test "ipexec: output, values, errors and statuses as on an engine" {
  quick ipexec --serial 'print("here")'
  assert_status 0
  assert_output here
  assert_stderr ""
  quick ipexec --serial -p '6 * 7'
  assert_output 42
  quick ipexec --serial 'y = 1/0'
  assert_status 1
  assert_stderr --partial "ipexec: 0: ZeroDivisionError: division by zero, line 1: y = 1/0"
  quick ipexec --serial -S --sh 'echo out; echo err >&2; exit 3'
  assert_status 3
  assert_output out
  assert_stderr $'err\nipexec: 0: exit status 3'
  quick ipexec --serial -l -k --kernel python,sh 'echo = 1'
  assert_output "0/sh: = 1"
  quick ipexec --serial --json -p '[1]'
  assert_output --regexp '^\{"id":"job:[^"]*","engine":0,"status":"ok","value":\[1\]\}$'
  quick ipexec --serial --broadcast -b 'print(1)'
  assert_output $'---------------\n0 (1)\n---------------\n1'
}

@test "ipexec: bytes, standard input, scripts" {
  head -c 3000000 /dev/urandom >bytes
  run_limited 20 ipexec --serial -i --sh cat <bytes >copy
  cmp bytes copy
  printf 'import sys\nprint(*sys.argv)\n' >script.py
  quick ipexec --serial -f script.py --steps 10
  assert_output "script.py --steps 10"
  quick bash -c 'ipexec --serial "print(2)" | ipexec --serial "print(3)"'
  assert_status 65
}

@test "its names end with the command" {
  quick ipexec --serial 'x = 1'
  assert_status 0
  quick ipexec --serial -p x
  assert_status 1
  assert_stderr --partial "NameError: name 'x' is not defined"
}

@test "a kernel that dies, one that there is not, other engines" {
  quick ipexec --serial 'import os; print("last", flush=True); os.kill(os.getpid(), 9)'
  assert_status 1
  assert_output last
  assert_stderr --partial "ipexec: 0: kernel killed by signal 9"
  quick ipexec --serial --kernel nosuch 1
  assert_status 68
  assert_stderr --partial "no kernel 'nosuch'"
  quick ipexec --serial -t 3 pass
  assert_status 68
  assert_stderr --partial "no engine 3: there is 0"
  IPKIT_PYTHON=/nowhere/python quick ipexec --serial pass
  assert_status 1
  assert_stderr --partial "no interpreter /nowhere/python"
}

@test "--timeout and SIGINT interrupt it; nothing is left" {
  quick ipexec --serial --timeout 1 'import time; time.sleep(60)'
  assert_status 124
  assert_stderr "ipexec: timed out after 1s: 0 interrupted"
  quick ipexec --serial --timeout 1 --sh 'trap "" INT; sleep 60'
  assert_status 124
  quick timeout -s INT 1 ipexec --serial 'import time; time.sleep(60)'
  assert_status 124
  assert_stderr ""
  quick bash -c 'set -o pipefail; ipexec --serial "while True: print(1)" | head -1'
  assert_status 141
  assert_output 1
}

@test "ipapply, with values large and small" {
  quick ipapply --serial 'lambda x, y: x + y' 26 1
  assert_output 27
  head -c 3000000 /dev/zero >bytes
  quick ipapply --serial len @bytes
  assert_output 3000000
}

@test "ipmap: in order, failures named" {
  export IPKIT_SERIAL=1
  quick bash -c 'seq 100000 | ipmap "x**2" | tail -1'
  assert_output 10000000000
  quick bash -c 'seq 3 | ipmap --sh "echo item {}"'
  assert_output $'item 1\nitem 2\nitem 3'
  quick bash -c 'seq 3 | ipmap "1/(x-2)"'
  assert_status 1
  assert_output $'-1.0\n1.0'
  assert_stderr --partial "item 2 ('2')"
  assert_stderr --partial "ZeroDivisionError"
  quick bash -c 'seq 3 | ipmap "__import__(\"os\")._exit(3) if x == 2 else x"'
  assert_status 1
  assert_stderr --partial "kernel ended, exit status 3"
}

@test "what would leave nothing behind is 64" {
  local program
  for program in "ippush a=1" "ippull a" "ipscatter x" "ipgather x" "ipls" "ipclear" \
    "ipsubmit pass" "ipdag graph" "ipwait -n 1" "ipstat" "ipresult job:x"; do
    # shellcheck disable=SC2086 # words
    IPKIT_SERIAL=1 quick $program
    assert_status 64
    assert_stderr --partial "IPKIT_SERIAL: nothing would be left of it"
    assert_stderr --partial "ipcluster start -n 1"
  done
  quick ippush --serial a=1
  assert_status 64
  assert_stderr --partial "--serial: nothing would be left of it"
  quick ipexec --serial -a pass
  assert_status 64
  assert_stderr --partial "--serial does not go with --async"
  IPKIT_SERIAL=0 quick ipexec pass
  assert_status 69
}
