#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipexec: several kernels in one call, standard input to all of them, output live and folded.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 3
  run_limited 20 ipscatter --type json --flatten me <<<'[0, 1, 2]'
  run_limited 20 ipexec 'echo = 6; n = 1'
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

ours() { run --separate-stderr run_limited 20 ipexec -n "$@"; }
script() { run --separate-stderr run_limited 20 bash -c "$1"; }

# Both languages have a meaning for `echo % 4`: 2 and the words.
@test "--kernel a,b: one kernel after the other, named in labels" {
  ours -k -l -p --kernel python,sh 'echo % 4'
  assert_status 0
  assert_output $'0/python: 2\n1/python: 2\n2/python: 2\n0/sh: % 4\n1/sh: % 4\n2/sh: % 4'
  ours -k -N -t 0 -p --kernel sh,python 'echo % 4'
  assert_output $'% 4\n2'
  ours --kernel sh,python 'echo = nosuch'
  assert_status 1
  assert_stderr --partial "0-2/python (3): NameError: name 'nosuch' is not defined"
  assert_equal "$(sort <<<"$output")" $'= nosuch\n= nosuch\n= nosuch'
  ours --kernel sh,python 'umask >&2; exit'
  assert_status 1
  assert_stderr --partial "0/sh: 00"
  assert_stderr --partial "0-2/python (3): SyntaxError"
}

@test "--kernel a,b: folded, compared, as JSON, as jobs" {
  ours -b -p --kernel python,sh 'echo % 4'
  assert_status 0
  local rule=---------------
  assert_output "$rule
0-2/python (3)
$rule
2
$rule
0-2/sh (3)
$rule
% 4"
  ours --diff -p --kernel python,sh 'echo % me'
  assert_status 1
  assert_line --partial "--- 0/python (1)"
  refute_output --partial "/sh"
  ours --json -t 1 -p --kernel python,sh 'echo % 4'
  assert_line -n 0 --partial '"engine":1,"kernel":"python","status":"ok","value":2}'
  assert_line -n 1 --partial '"engine":1,"kernel":"sh","status":"ok","stdout":"% 4\n"}'
  ours -a -t 1 -p --kernel python,sh 'echo % 4'
  assert_status 0
  assert_equal "${#lines[@]}" 2
  run --separate-stderr run_limited 20 ipresult "${lines[@]}"
  assert_output $'2\n% 4'
}

@test "--kernel a,b: a last line without its end does not run into the next" {
  ours -N --kernel sh,python -t 0-1 -p 'echo -n % 4'
  assert_output $'% 4\n% 4\n5\n5'
}

@test "--kernel a,b: what cannot be" {
  ours --kernel python,python pass
  assert_status 64
  assert_stderr --partial "'python' is there twice"
  ours --kernel python, pass
  assert_status 64
  ours --kernel python,sh --results out pass
  assert_status 64
  ours --sh --kernel python pass
  assert_status 64
  ours --kernel python,nosuch pass
  assert_status 68
  assert_stderr --partial "0-2/nosuch (3): NoSuchKernel"
}

@test "-i: standard input to every engine, in every kernel" {
  script 'printf "a b\n" | ipexec -b -i "import sys; print(sys.stdin.read().upper())"'
  assert_output --partial $'0-2 (3)\n---------------\nA B'
  script 'seq 1000 | ipexec -k -i --sh "wc -l"'
  assert_output $'1000\n1000\n1000'
  head -c 3000000 /dev/urandom >bytes
  script 'ipexec -i --sh "cat >\"\$HOME/in-\$\$\"; cksum <\"\$HOME/in-\$\$\"" <bytes | uniq'
  assert_output "$(cksum <bytes)"
  printf 'import sys\nprint(len(sys.stdin.buffer.read()))\n' >count.py
  script 'ipexec -b -i -f count.py <bytes'
  assert_output --partial $'0-2 (3)\n---------------\n3000000'
  ours 'import sys
class Cat:
  def __sub__(self, n): return sys.stdin.read().upper().strip()
cat = Cat()'
  script 'echo x | ipexec -k -l -i -p -t 0,1 --kernel sh,python "cat -n"'
  assert_status 0
  assert_output $'0/sh:      1\tx\n1/sh:      1\tx\n0/python: X\n1/python: X'
}

@test "live: a line is here while the code still runs" {
  script 'ipexec -n -t 0 "import os, time
print(\"first\")
while not os.path.exists(\"$PWD/go\"): time.sleep(0.02)
print(\"second\")" | { read -r line; echo "$line"; touch go; cat; }'
  assert_status 0
  assert_output $'first\nsecond'
}

@test "live: with -b and -k standard error comes as it is printed" {
  local option
  for option in -b -k; do
    rm -f go
    script "ipexec -n $option 'import os, sys, time
print(\"out\")
print(\"err\", file=sys.stderr)
while not os.path.exists(\"$PWD/go\"): time.sleep(0.02)' 2> >(head -n 1; touch go)"
    assert_status 0
    assert_output --partial "err"
    assert_output --partial "out"
  done
}

@test "folded: by the number of engines, with -k in their order; silence is left out" {
  ours -b 'print("few" if me == 0 else "many")'
  local rule=---------------
  assert_output "$rule
1-2 (2)
$rule
many
$rule
0 (1)
$rule
few"
  ours -bk 'print("few" if me == 0 else "many")'
  assert_line -n 1 "0 (1)"
  ours -b 'if me == 1: print("no newline", end="")'
  assert_output "$rule
1 (1)
$rule
no newline"
  ours -b -t 2 'print("one alone")'
  assert_line -n 1 "2 (1)"
  ours -b 'print(me // 2); 1 // (me - 1)'
  assert_status 1
  assert_line "0-1 (2)"
  assert_stderr --partial "ipexec: 1: ZeroDivisionError"
}

@test "folded: what was printed before the time was over" {
  ours -b --timeout 5 'import time
print("begun")
if me == 2: time.sleep(60)'
  assert_status 124
  assert_line "0-2 (3)"
  assert_stderr "ipexec: timed out after 5s: 0-1 done, 2 interrupted"
}
