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
  env --default-signal=INT ipexec --serial \
    "open('$PWD/runs', 'w').close(); import time; time.sleep(60)" 2>said 3>&- &
  wait_until 20 "the code to run" test -e runs
  kill -INT $!
  status=0
  wait $! || status=$?
  assert_equal "$status $(<said)" "130 "
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

@test "ipdag: every task after those it depends on, in all its forms" {
  cat >tasks.yaml <<'Y'
- {name: good, code: rows = 3; print("good")}
- {name: bad, code: 1/0, retries: 1}
- {name: mend, code: print("mend"), after: "bad:failure"}
- {name: any, code: print("any"), after: [bad, "good:any"]}
- {name: never, code: print("never"), after: "good:failure"}
- {name: ends, code: print("ends"), after: [mend, any, "bad:success:failure"]}
- {name: same, code: print(rows), follow: [good, "bad:any"], after: ends}
- {name: shell, code: "echo from sh", kernel: sh, targets: 0, after: same}
- {name: left, code: pass, after: bad}
Y
  quick ipdag --serial --joblog log tasks.yaml
  assert_status 1
  assert_equal "$(printf '%s\n' "${lines[@]:0:3}" | sort | tr '\n' ' ')" "any good mend "
  assert_equal "${lines[*]:3}" "ends 3 from sh"
  assert_stderr --regexp '^ipdag: bad: engine 0: ZeroDivisionError.*tried 2 times'
  assert_stderr --regexp 'ipdag: not run because bad failed: left$'
  # What succeeded need not run again.
  quick env IPKIT_SERIAL=1 ipdag --joblog log --resume --dry-run tasks.yaml
  assert_equal "$(cut -f 1 <<<"$output" | tr '\n' ' ')" "bad never left "
  quick ipdag --serial -t 1 tasks.yaml
  assert_status 68
}

@test "ipdag: 2,000 nodes, each after two others; as many at a time as -j says" {
  awk 'BEGIN { srand(4)
    for (i = 1; i < 2000; i++) { print int(rand() * i), i; print int(i / 2), i } }' >graph
  quick ipdag --serial -p graph x
  assert_status 0
  assert_equal "$(sort -n <<<"$output" | cksum)" "$(seq 0 1999 | cksum)"
  # Every line stands below those it comes after.
  paste <(seq 2000) - <<<"$output" | awk 'FNR == NR { at[$2] = $1; next }
    at[$1] > at[$2] { bad++ } END { exit bad > 0 }' - graph
  quick ipdag --serial -j 1 -p graph x
  assert_equal "$(sort -n <<<"$output" | cksum)" "$(seq 0 1999 | cksum)"
}

@test "ipdag: a kernel that dies fails its node; one that there is not" {
  echo a a b b a c >graph
  quick ipdag --serial graph '__import__("os")._exit(3) if x == "a" else print(x)'
  assert_status 1
  assert_output b
  assert_stderr --partial "ipdag: a: engine 0: kernel ended, exit status 3"
  assert_stderr --partial "not run because a failed: c"
  quick ipdag --serial --kernel nosuch graph x
  assert_status 1
  assert_stderr --partial "no kernel 'nosuch'"
}

@test "ipdag: --timeout, a task's own limit to wait, signals" {
  echo a b a c >graph
  quick ipdag --serial --timeout 1s graph --sh ': {}; sleep 60'
  assert_status 124
  assert_stderr --partial "timed out after 1s: 0 of 3 nodes done"
  cat >wait.yaml <<Y
- {name: first, code: "until grep TaskTimeout '$PWD/err'; do sleep 0.02; done", kernel: sh}
- {name: second, code: print(2), timeout: 100ms}
- {name: third, code: echo last, kernel: sh, after: "second:failure"}
Y
  quick bash -c 'ipdag --serial wait.yaml 2>err'
  assert_status 1
  assert_output $'ipdag: second: TaskTimeout\nlast'
  mark=$PWD/started
  ipdag --serial graph --sh ": {}; echo >>'$mark'; sleep 60" >out 2>err &
  pid=$!
  wait_until 20 "the first node" test -s "$mark"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  assert_equal "$status" 143
  assert_equal "$(wc -l <"$mark")" 1
}

@test "what would leave nothing behind is 64" {
  local program
  for program in "ippush a=1" "ippull a" "ipscatter x" "ipgather x" "ipls" "ipclear" \
    "ipsubmit pass" "ipwait -n 1" "ipstat" "ipresult job:x"; do
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
