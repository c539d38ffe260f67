#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipapply: a function of the engines' or an expression, called on each with values from here.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  run_limited 20 ippush -n a=5 b=7
  run_limited 20 ippush -n -t 1 a=6
  run_limited 20 ipexec -n 'def power(x, y=2): return x ** y
def say(text): print("said", text)
def fail(): return 1 / 0'
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

apply() { run --separate-stderr run_limited 20 ipapply "$@"; }
names() { run_limited 20 ipls --names; }

@test "an expression, with the values of each engine, in their order" {
  apply 'lambda x: a+b+x' 27
  assert_status 0
  assert_output $'39\n40'
  assert_stderr ""
  apply -l 'lambda x: a+b+x' 27
  assert_output $'0: 39\n1: 40'
  apply -t 1 'lambda x: a+b+x' 27
  assert_output 40
}

@test "a function by name: of the namespace, a builtin, of a module that nobody has imported" {
  apply -t 0 power 2 10
  assert_output 1024
  apply -t 0 sorted '[3, 1, 2]'
  assert_output '[1, 2, 3]'
  apply -t 0 math.hypot 3 4
  assert_output 5.0
  apply -t 0 os.path.basename /a/b
  assert_output b
  apply -t 0 xml.dom.minidom:getDOMImplementation
  assert_status 0
  apply -t 0 collections:OrderedDict.fromkeys '["a", "b"]'
  assert_output '{"a": null, "b": null}'
  apply -t 0 str.upper text
  assert_output TEXT
  refute_output --partial math
  run names
  assert_output $'a\nb\nfail\npower\nsay'
}

@test "module:function of a module that the namespace does not have" {
  echo 'def twice(x): return x * 2' >"$BATS_TEST_TMPDIR/own_module.py"
  run_limited 20 ipexec -n "import sys; sys.path.insert(0, '$BATS_TEST_TMPDIR')"
  apply -t 0 own_module:twice ab
  assert_output abab
  run_limited 20 ipexec -n 'sys.path.pop(0); del sys'
}

@test "arguments: JSON if it is JSON, else text; references; files by their names; -s" {
  apply -t 0 'lambda *x: [repr(v) for v in x]' 1 true null '{"k": [1]}' text 01 \
    ref:a+1 -
  assert_output "$(tr @ "'" <<<'["1", "True", "None", "{@k@: [1]}", "@text@", "@01@", "6", "@-@"]')"
  apply -s -t 0 'lambda *x: list(x)' 1 ref:a @x
  assert_output '["1", "ref:a", "@x"]'
  echo '[1, 2]' >v.json
  printf 'text\n' >v.txt
  printf '\377\0' >v.bin
  apply -t 0 'lambda j, t, b: [j, t, list(b)]' @v.json @v.txt @v.bin
  assert_output '[[1, 2], "text\n", [255, 0]]'
  run --separate-stderr run_limited 20 bash -c 'printf abc | ipapply -t 0 len @-'
  assert_output 3
  apply -t 0 'lambda x: list(x.encode("utf-8", "surrogateescape"))' $'\xff'
  assert_output '[255]'
}

@test "--kw: arguments by name" {
  apply -t 0 --kw reverse=true sorted '[2, 3, 1]'
  assert_output '[3, 2, 1]'
  apply -t 0 --kw x=2 --kw y=ref:a power
  assert_output 32
  apply -t 0 --kw y=3 --kw y=4 power 2
  assert_status 64
  assert_stderr --partial "'y' is given twice"
  apply --kw 1=2 power 2
  assert_status 64
}

@test "large arguments arrive whole and leave nothing behind" {
  head -c 5000000 /dev/urandom >big
  apply 'lambda x, y: __import__("zlib").crc32(x) + y' @big 0
  assert_status 0
  assert_line -n 0 \
    "$(/usr/bin/python3 -c 'import zlib; print(zlib.crc32(open("big", "rb").read()))')"
  assert_equal "${#lines[@]}" 2
  apply nosuch @big
  assert_status 1
  assert_stderr --partial "0-1 (2): NameError: name 'nosuch' is not defined, line 1: nosuch"
  run names
  refute_output --partial _ipapply
}

@test "results: text as it is, else JSON, or a repr; bytes of one engine; --json" {
  apply -t 0 'lambda: "a\nb"'
  assert_output $'a\nb'
  apply -t 0 'lambda: {1, 2}.__class__'
  assert_output "<class 'set'>"
  run_limited 20 ipapply -n -t 0 'lambda: b"\xff\0"' | cmp - <(printf '\377\0')
  apply 'lambda: b"\xff"'
  assert_status 1
  assert_stderr --partial "its value is bytes"
  apply --json say hello
  assert_status 0
  assert_equal "${#lines[@]}" 2
  assert_line --regexp '"engine":0,"status":"ok","value":null,"stdout":"said hello\\n"\}'
  apply --json fail
  assert_status 1
  assert_line --partial '"ename":"ZeroDivisionError"'
}

@test "what it prints comes out here, its value after it" {
  apply -t 0 say hello
  assert_output $'said hello\nnull'
}

@test "--npy and -o: an array, to standard output or a file" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  /usr/bin/python3 -c 'import numpy; numpy.save("m.npy", numpy.array([[2.0, 0], [0, 4]]))'
  apply -t 0 -o i.npy numpy.linalg.inv @m.npy
  assert_status 0
  assert_output ""
  assert_equal "$(/usr/bin/python3 -c 'import numpy; print(numpy.load("i.npy").tolist())')" \
    '[[0.5, 0.0], [0.0, 0.25]]'
  run_limited 20 ipapply -n -t 0 --npy numpy.linalg.inv @m.npy | cmp - i.npy
  apply -t 0 numpy.linalg.inv @m.npy
  assert_output '[[0.5, 0.0], [0.0, 0.25]]'
  apply -t 0 -o s.txt 'lambda: "text"'
  assert_equal "$(<s.txt)" text
  apply -t 0 -o e.npy fail
  assert_status 1
  [[ ! -e e.npy ]]
  apply -t 0 --npy 'lambda: [print]'
  assert_status 1
  assert_stderr --partial "has no npy form"
  apply -t 0 -o nodir/x 'lambda: 1'
  assert_status 70
  apply --npy 'lambda: 1'
  assert_status 64
  assert_stderr --partial "2 are meant"
  apply -t 0 --npy --json 'lambda: 1'
  assert_status 64
  apply -t 0 -a -o f 'lambda: 1'
  assert_status 64
}

@test "a matrix that stays: numpy.dot ref:A" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  run_limited 20 ipexec -n 'import numpy; A = numpy.arange(4).reshape(2, 2)'
  apply numpy.dot ref:A 3
  assert_output $'[[0, 3], [6, 9]]\n[[0, 3], [6, 9]]'
  run_limited 20 ipexec -n 'del numpy, A'
}

@test "errors: once, the user's own line only" {
  apply fail
  assert_status 1
  assert_output ""
  local text="ipapply: 0-1 (2): ZeroDivisionError: division by zero, line"
  local more="(-v: whole traceback)"
  assert_stderr "$text 3: def fail(): return 1 / 0   $more"
  apply 'lambda x: 1/x' 0
  assert_stderr "$text 1: lambda x: 1/x   $more"
  apply -t 0 a
  assert_status 1
  assert_stderr --partial "TypeError: a is int and cannot be called"
  apply -t 0 nosuch.f
  assert_stderr --partial "ModuleNotFoundError: No module named 'nosuch'"
  apply -t 0 os.nosuch
  assert_stderr --partial "AttributeError: module 'os' has no attribute 'nosuch'"
  apply -t 0 'lambda x'
  assert_stderr --partial "SyntaxError: "
  apply -t 0 len ref:nosuch
  assert_stderr --partial "NameError: name 'nosuch' is not defined"
  apply -t 0 power
  assert_stderr --partial "TypeError: power() missing 1 required positional argument: 'x'"
}

@test "bad command lines" {
  apply
  assert_status 64
  assert_stderr --partial "no FUNCTION to call"
  apply --sh echo
  assert_status 64
  assert_stderr --partial "ipexec --sh"
  apply len ref:
  assert_status 64
  apply len @nofile
  assert_status 66
  apply -t 7 len '[]'
  assert_status 68
  apply --npz len
  assert_status 64
  assert_stderr --partial "did you mean --npy?"
  apply len @- @-
  assert_status 64
}

@test "options after FUNCTION are arguments" {
  apply -t 0 'lambda *x: list(x)' -t 0 --json -- 'a,b'
  assert_output '["-t", 0, "--json", "--", "a,b"]'
}

@test "-a prints job words; the call goes on" {
  apply -a 'lambda: 6 * 7'
  assert_status 0
  assert_equal "${#lines[@]}" 2
  assert_line -n 0 --regexp '^job:'
  # shellcheck disable=SC2154 # set by run
  run run_limited 20 ipwait "${lines[@]}"
  assert_status 0
}

@test "--timeout interrupts: 124, and nothing stays bound" {
  head -c 200000 /dev/zero >big
  apply --timeout 500ms 'lambda s, x: __import__("time").sleep(s)' 60 @big
  assert_status 124
  assert_stderr --partial "timed out after 500ms"
  run names
  refute_output --partial _ipapply
  run_limited 10 ipexec -n 'pass'
}

@test "in a pipeline: after the command before, and not when that failed" {
  run --separate-stderr run_limited 20 bash -c 'ippush -n -t 0 c=1 | ipapply -t 0 "lambda: c"'
  assert_output 1
  run --separate-stderr run_limited 20 bash -c 'ipexec -n 1/0 | ipapply -t 0 "lambda: c"'
  assert_status 1
  assert_output ""
  assert_stderr --partial "ipapply: not run: the command before it failed"
  run --separate-stderr run_limited 20 bash -c 'echo x | { ipapply -n -t 0 abs -3; cat; }'
  assert_output $'3\nx'
  run_limited 20 ipexec -n -t 0 'del c'
}

@test "a signal interrupts the call, and it dies by the signal" {
  # shellcheck disable=SC2016 # for the inner shell
  run_limited 20 bash -c 'ipapply -n -t 0 time.sleep 60 & p=$!
    until ipstat --json | grep -q "\"state\":\"busy\""; do :; done
    kill -TERM $p; wait $p; echo $?' >out
  assert_equal "$(<out)" 143
  run_limited 10 ipexec -n pass
}

@test "no controller" {
  apply --profile none len '[]'
  assert_status 69
}

@test "the records name the call" {
  run_limited 20 ipapply -n -t 0 len '[1,2]' >out
  assert_equal "$(<out)" 2
  assert_equal "$(run_limited 20 iphistory -n 1 -o code | tail -1)" "# ipapply len ..."
}
