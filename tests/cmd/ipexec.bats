#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipexec on two engines.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

ipexec_() { run --separate-stderr run_limited 20 ipexec "$@"; }
script() { run --separate-stderr run_limited 30 bash -c "$1"; }

@test "R18: an operand keeps its commas, what follows the first is no option" {
  ipexec_ -t 0 'print(1,2)'
  assert_status 0
  assert_output "1 2"
  ipexec_ -t 0 --sh ls -l /dev/null
  assert_output --partial "/dev/null"
  ipexec_ -t -1 'print(1)'
  assert_output 1
  ipexec_ -t -- -c 1
  assert_status 64
}

@test "usage errors are 64 and name what is near" {
  ipexec_ --target 0 pass
  assert_status 64
  assert_stderr "ipexec: unknown option --target; did you mean --targets?; try ipexec -h"
  ipexec_ 'a=1' 'b=2'
  assert_status 64
  assert_stderr --partial "one operand: quote it"
  ipexec_ -c 1 -f x
  assert_status 64
  ipexec_ -n
  assert_status 64
  ipexec_ -u soon pass
  assert_status 64
  ipexec_ -f nosuchfile
  assert_status 66
}

@test "-h has examples before options, -V the version" {
  ipexec_ -h
  assert_status 0
  assert_output --regexp '^Usage: ipexec .*Examples:.*Options:'
  ipexec_ -V
  assert_output --regexp '^ipexec \(ipkit\) [0-9.]+$'
  ipexec_ --help-rows
  assert_line --regexp $'^t\ttargets\tSET\t'
}

@test "R7: code as an operand, by -c, from standard input; -p prints, else nothing is" {
  ipexec_ -t 0 -c 'print(1)'
  assert_output 1
  script "ipexec -t 0 <<'END'
print(2)
END"
  assert_output 2
  script "echo 'print(3)' | ipexec -t 0"
  assert_output 3
  ipexec_ -t 0 '1 + 1'
  assert_output ""
  ipexec_ -t 0 -p '1 + 1'
  assert_output 2
}

@test "R3: success prints only what the code printed" {
  ipexec_ 'x = 1'
  assert_status 0
  assert_output ""
  assert_stderr ""
}

@test "R7: a script with arguments" {
  printf 'import sys\nprint(*sys.argv)\n' >script.py
  ipexec_ -t 0 -f script.py --steps 10
  assert_output "script.py --steps 10"
  printf '1\n1/0\n' >wrong.py
  ipexec_ -t 0 -f wrong.py
  assert_status 1
  assert_stderr --partial "0: ZeroDivisionError: division by zero, line 2: 1/0"
}

@test "R7: --sh: one operand is shell text, several are exact arguments" {
  touch "my file"
  ipexec_ -t 0 --sh "cd '$PWD' && ls | wc -l"
  assert_status 0
  assert_output --regexp '^ *[1-9]'
  ipexec_ -t 0 --kernel sh printf '<%s>' "my file" 'a;b' '$HOME' ''
  assert_output '<my file><a;b><$HOME><>'
}

@test "R7: a kernel an engine cannot start is 68" {
  ipexec_ --kernel nosuch pass
  assert_status 68
  assert_stderr --partial "0-1 (2): NoSuchKernel: no kernel 'nosuch'"
}

@test "R10: values one a line in engine order; bytes of one engine as they are" {
  ipexec_ -p '"a\nb"'
  assert_output $'a\nb\na\nb'
  ipexec_ -t 0 -p '{"a": [1, None]}'
  assert_output '{"a": [1, null]}'
  ipexec_ -t 0 -p 'object'
  assert_output "<class 'object'>"
  ipexec_ -p 'b"x"'
  assert_status 1
  assert_stderr --partial "its value is bytes"
  assert_equal "$(ipexec -t 0 -p 'b"\0\xff"' | od -An -tx1)" " 00 ff"
}

@test "R11: one engine is byte-exact, both ways" {
  head -c 300000 /dev/urandom >bytes
  ipexec -t 0 --sh "cat '$PWD/bytes'" >copy
  cmp bytes copy
  ipexec -t 0 -i --sh cat <bytes >copy
  cmp bytes copy
  ipexec_ -t 0 --sh 'cat'
  assert_output ""
}

@test "R11: -k one engine after the other, -b equal ones folded" {
  ipexec_ 'import __main__; me = None'
  ipexec -t 0 'me = 0' && ipexec -t 1 'me = 1'
  ipexec_ -k 'import time
if me == 0: time.sleep(0.3)
print(me, 1); print(me, 2)'
  assert_output $'0 1\n0 2\n1 1\n1 2'
  ipexec_ -b 'print("same")'
  assert_output $'---------------\n0-1 (2)\n---------------\nsame'
}

@test "R12: labels on stderr of several, on stdout with -l, none with -N" {
  ipexec_ -k -l --sh 'echo out'
  assert_output $'0: out\n1: out'
  ipexec_ --sh 'echo err >&2'
  assert_line_set "$stderr" $'0: err\n1: err'
  ipexec_ -N --sh 'echo err >&2'
  assert_equal "$stderr" $'err\nerr'
  ipexec_ -t 0 --sh 'echo err >&2'
  assert_stderr err
}

assert_line_set() { assert_equal "$(sort <<<"$1")" "$(sort <<<"$2")"; }

@test "R12: equal errors once, over the engines; deeper stacks listed; -v all of it" {
  ipexec_ 'y = len(nosuch)'
  assert_status 1
  assert_output ""
  local line="NameError: name 'nosuch' is not defined, line 1: y = len(nosuch)"
  assert_stderr "ipexec: 0-1 (2): $line   (-v: whole traceback)"
  ipexec_ -t 1 $'def f():\n  return 1/0\nf()'
  assert_stderr --partial "ipexec: 1: ZeroDivisionError: division by zero, line 2: return 1/0"
  assert_stderr --partial $'\n    line 3: f()\n    line 2, in f: return 1/0'
  ipexec_ -v -t 0 '1/0'
  assert_stderr --partial "Traceback (most recent call last)"
}

@test "exit statuses of commands: 1, -S the largest, -q silent" {
  ipexec_ --sh 'exit 3'
  assert_status 1
  assert_stderr "ipexec: 0-1 (2): exit status 3"
  ipexec_ -S --sh 'exit 68'
  assert_status 68
  ipexec_ -q --sh 'exit 1'
  assert_status 1
  assert_stderr ""
}

@test "--json: one object a line" {
  ipexec_ --json -t 0 -p 'print("p") or [1]'
  assert_output --regexp '^\{"id":"job:[^"]*","engine":0,"status":"ok",'
  assert_output --partial '"value":[1],"stdout":"p\n"}'
  ipexec_ --json -t 1 '1/0'
  assert_status 1
  assert_output --partial '"status":"error","error":{"ename":"ZeroDivisionError"'
}

@test "R5: -a prints a job word for each engine and does not wait" {
  script 'j=$(ipexec -a "import time; time.sleep(0.2)"); echo "$j"; ipwait $j'
  assert_status 0
  assert_equal "${#lines[@]}" 2
  assert_line -n 0 --regexp '^job:[^ ]+$'
  script 'ipexec -a "print(1)" | ipexec -t 0 "print(2)"'
  assert_output 2
  script 'ipexec -a 1/0 | ipexec -t 0 "print(2)"'
  assert_status 1
  assert_output ""
  assert_stderr --partial "not run: job:"
}

@test "targets: those without an engine are 68, with those there are" {
  ipexec_ -t 7 pass
  assert_status 68
  assert_stderr --partial "no engine 7: there are 0-1"
  ipexec_ -x 0-1 pass
  assert_status 68
  IPKIT_TARGETS=1 ipexec_ -p '5'
  assert_output 5
  ipexec_ -t "host:$(hostname)" -p 5
  assert_output $'5\n5'
  ipexec_ -t ::2 -p 5
  assert_output 5
}

@test "R14: --timeout interrupts, 124, and the engines are free again" {
  ipexec_ --timeout 1 'import time; time.sleep(60)'
  assert_status 124
  assert_stderr "ipexec: timed out after 1s: 0-1 interrupted"
  ipexec_ -t 0 -p 1
  assert_output 1
}

@test "R13: INT interrupts what is ours and dies by it" {
  mark=$PWD/started
  run --separate-stderr run_limited 30 /usr/bin/python3 - "$mark" <<'END'
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
code = f"open({sys.argv[1]!r}, 'w').close()\nimport time\ntime.sleep(60)"
child = subprocess.Popen(["ipexec", "-t", "0", code], stdin=subprocess.DEVNULL)
end = time.time() + 10
while not os.path.exists(sys.argv[1]) and time.time() < end: time.sleep(0.01)
child.send_signal(signal.SIGINT)
print(child.wait(10))
END
  assert_output -2
  assert_stderr ""
  ipexec_ -t 0 --timeout 10 -p 1
  assert_output 1
}

@test "R13: a closed stdout ends it by SIGPIPE, silent" {
  script 'set -o pipefail; ipexec -t 0 "while True: print(1)" | head -1'
  assert_status 141
  assert_output 1
  assert_stderr ""
  ipexec_ -t 0 --timeout 10 -p 1
  assert_output 1
}

@test "a kernel that is killed: its signal, the others' output stays" {
  ipexec_ -t 1 'import os; os.kill(os.getpid(), 9)'
  assert_status 1
  assert_stderr --partial "ipexec: 1: kernel killed by signal 9"
  ipexec_ -t 1 -p 1
  assert_output 1
}

@test "no controller: 69 and how to start one" {
  IPYTHONDIR=$PWD/none ipexec_ pass
  assert_status 69
  assert_stderr --partial "start one: ipcluster start -n 4"
}

@test "R4: the last verdict of a group counts" {
  script '{ ipexec 1/0; ipexec pass; } 2>/dev/null | ipexec -t 0 "print(1)"'
  assert_status 0
  assert_output 1
}

@test "a full disk is an error" {
  [[ -c /dev/full ]] || skip "no /dev/full"
  script 'ipexec -t 0 "print(1)" >/dev/full'
  assert_status 70
  assert_stderr --partial "cannot write standard output"
}
