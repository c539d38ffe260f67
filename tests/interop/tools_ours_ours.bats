#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Our commands with each pair of controller and engines, ours or ipyparallel's (`real`): the other
# files of this name are links to this one, which looks at its own name, tools_CONTROLLER_ENGINES.
#
# What differs, and is asked for by `known` (our controller tells what our engines are):
# * an error of plain ipexec has no line of code: it goes as ipyparallel's own request, and comes
#   back as IPython shows it. (-p, -f, -i: as everywhere.)
# * --sh and other kernels are ours alone, and not known to be there under the other controller.
# * input() without input is EOFError, with ipyparallel's engines StdinNotImplementedError.
# * ipls -l knows no host, pid, start and directory.
# By `controller`: who failed and what the controller is at, in ipstat; jobs are asked for by
# turns instead of waited for; ipyparallel's task scheduler was seen to leave the survivor of a
# death without work, so that only a direct request is made there.
# By `engines`: a kernel that dies is replaced by our engine, ipyparallel's engine dies with it.
load ../lib/cluster
load client
load pairs
load ../lib/terminal

name=${BATS_TEST_FILENAME##*/}
IFS=_ read -r _ controller engines <<<"${name%.bats}"
if [[ $controller == ours && $engines == ours ]]; then known=1; else known=; fi

setup_file() {
  world_make
  find_ipyparallel
  start_pair "$controller" "$engines" 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }
teardown() { screen_stop; }

quick() { run --separate-stderr run_limited 30 "$@"; }
shell() { quick bash -c "$1"; }

# -- ipls, ipstat, ipwait -n

@test "ipls and ipstat list the engines" {
  quick ipls
  assert_status 0
  assert_output $'0\n1'
  quick ipls -l -t 1
  assert_status 0
  assert_line --regexp '^ *1 '
  quick ipls --json -t 0
  assert_status 0
  [[ $(jq -r .language <<<"$output") == python ]]
  quick ipstat
  assert_status 0
  quick ipwait -n 2
  assert_status 0
}

@test "ipls says what engines are" {
  quick ipls -l -t 0
  assert_status 0
  if [[ $known ]]; then
    assert_line --regexp ' python 3'
  else
    assert_line --partial ' ipyparallel '
  fi
}

@test "all of them are Python's" {
  quick ipls -t lang:python
  assert_output $'0\n1'
  quick ipls -t lang:r
  assert_status 68
}

# -- ipexec

@test "ipexec runs code and prints what it prints" {
  quick ipexec -l 'import sys
for i in range(3): print("line", i)
print("to stderr", file=sys.stderr)'
  assert_status 0
  assert_output --partial 'line 2'
  [[ $(grep -c '^0: line' <<<"$output") == 3 && $(grep -c '^1: line' <<<"$output") == 3 ]]
  [[ $(sort <<<"$stderr") == $'0: to stderr\n1: to stderr' ]]
}

@test "no output is lost, and it is in order" {
  local i
  for i in 1 2 3 4 5; do
    quick ipexec -t 0 'for i in range(2000): print(i)'
    assert_status 0
    [[ $output == "$(seq 0 1999)" ]]
  done
}

@test "bytes that are not UTF-8 are printed as they are" {
  shell "ipexec -t 0 -p \"b'\\\\xff\\\\x00a'\" | od -An -tx1"
  assert_output ' ff 00 61'
}

@test "ipexec -p prints values" {
  quick ipexec -p '[1, None, "ä"]'
  assert_status 0
  assert_output $'[1, null, "ä"]\n[1, null, "ä"]'
  quick ipexec -t 1 -p '"text"'
  assert_output text
  quick ipexec -t 1 -p 'x = 1'
  assert_status 0
  assert_output ''
  quick ipexec -t 1 -p 'print("first"); object'
  assert_output $'first\n<class \'object\'>'
  quick ipexec -t 1 --json -p '{"a": 1}'
  [[ $(jq -c .value <<<"$output") == '{"a":1}' ]]
}

@test "ipexec -f runs a script with its arguments" {
  printf '%s\n' 'import sys' 'print(sys.argv, __file__)' >script.py
  quick ipexec -t 0 -f script.py one 'two words'
  assert_status 0
  assert_output "['script.py', 'one', 'two words'] script.py"
}

@test "ipexec -i gives input to the code and to its children" {
  shell 'printf "a\nb\n" | ipexec -t 0 -i "import sys; print(input(), sys.stdin.read().strip())"'
  assert_status 0
  assert_output 'a b'
  echo 'import subprocess; subprocess.check_output(["wc", "-l"]).decode()' >count.py
  shell 'printf "a\nb\n" | ipexec -t 0 -i -p -f count.py'
  assert_status 0
  assert_line 2
}

@test "code from standard input" {
  shell 'echo "print(6 * 7)" | ipexec -t 1'
  assert_status 0
  assert_output 42
}

@test "without input there is none" {
  local error=EOFError
  if [[ $engines == real ]]; then error=StdinNotImplementedError; fi
  quick ipexec -t 0 'input()'
  assert_status 1
  assert_stderr --partial "0: $error: "
}

@test "errors are said once, with their engines" {
  quick ipexec '1/0'
  assert_status 1
  assert_output ''
  assert_stderr_of_both 'ZeroDivisionError: division by zero'
  if [[ $known ]]; then assert_stderr --partial ', line 1: 1/0'; fi
  quick ipexec -v -t 0 '1/0'
  assert_stderr --partial Traceback
  quick ipexec -t 0 -p 'undefined + 1'
  assert_status 1
  assert_stderr --partial "0: NameError: name 'undefined' is not defined, line 1: undefined + 1   ("
  quick ipexec -t 0 'if x'
  assert_status 1
  assert_stderr --partial SyntaxError
}

@test "an error in a script has its file and line" {
  printf '%s\n' 'def f():' '    return 1 / 0' 'f()' >script.py
  quick ipexec -t 0 -f script.py
  assert_status 1
  assert_stderr --partial 'ZeroDivisionError: division by zero, line 2: return 1 / 0'
  assert_stderr --partial 'script.py:3'
}

@test "sys.exit is an exit status" {
  quick ipexec -S -t 0 'import sys; sys.exit(3)'
  assert_status 3
  echo 'import sys; sys.exit(4)' >script.py
  quick ipexec -S -t 0 -f script.py
  assert_status 4
  quick ipexec -t 0 -p '1 + 1'
  assert_output 2
}

@test "ipexec -a gives jobs, ipwait waits for them" {
  local words
  mapfile -t words < <(run_limited 30 ipexec -a 'y = 1')
  ((${#words[@]} == 2))
  quick ipwait "${words[@]}"
  assert_status 0
  mapfile -t words < <(run_limited 30 ipexec -a -t 0 '1/0')
  quick ipwait "${words[@]}"
  assert_status 1
  echo '1/0' >script.py
  mapfile -t words < <(run_limited 30 ipexec -a -t 0 -f script.py)
  quick ipwait "${words[@]}"
  assert_status 1
  quick ipwait job:no-such-job
  assert_status 66
}

# ipyparallel's controller does not look whether all output is there.
@test "a job that has ended has all of its output" {
  if [[ $controller != ours ]]; then skip "not promised by ipyparallel's controller"; fi
  local word
  for _ in 1 2 3 4 5; do
    word=$(run_limited 30 ipexec -a -t 0 'for i in range(500): print(i)')
    shell "ipwait $word && ipresult $word"
    assert_output "$(seq 0 499)"
    word=$(run_limited 30 ipsubmit 'print("first"); print("last", flush=True)')
    shell "ipwait $word && ipresult $word"
    assert_output $'first\nlast'
  done
}

# job_words CODE: words of a real client's requests that run CODE, after they were sent.
job_words() {
  run_limited 30 "$REAL_PYTHON" - "$1" <<'END'
import sys
import ipyparallel
client = ipyparallel.Client()
jobs = client[:].execute(sys.argv[1], block=False)
jobs.wait(20)
print(*("job:" + id for id in jobs.msg_ids), sep="\n")
END
}

@test "ipwait knows the requests of a real client" {
  local words
  mapfile -t words < <(job_words 'y = 1')
  quick ipwait "${words[@]}"
  assert_status 0
  mapfile -t words < <(job_words '1/0')
  quick ipwait "${words[@]}"
  assert_status 1
}

@test "shells are ours alone" {
  quick ipexec -t 0 --sh 'echo $((6 * 7))'
  if [[ $known ]]; then
    assert_status 0
    assert_output 42
    return
  fi
  assert_status 68
  assert_output ''
  assert_stderr --partial "ipexec: engine 0 runs ipyparallel's engine: no sh kernel"
  shell 'seq 3 | ipmap --sh "echo {}"'
  assert_status 68
  assert_output ''
  assert_stderr --partial 'no sh kernel'
  quick ippull --kernel julia a
  assert_status 68
}

@test "an engine that is not there" {
  quick ipexec -t 7 'print(1)'
  assert_status 68
  assert_stderr --partial 'no engine 7: there are 0-1'
}

# -- values

@test "ippush and ippull, all forms" {
  printf 'words\n' >words.txt
  quick ippush a=30 b='to the engines!' t=@words.txt raw=@- c=ref:'[1, 2]' <words.txt
  assert_status 0
  assert_output ''
  quick ippull -l a b
  assert_status 0
  assert_output $'0: 30\n0: to the engines!\n1: 30\n1: to the engines!'
  quick ippull -t 0 --json a c
  [[ $(jq -c '[.name, .value]' <<<"$output") == $'["a",30]\n["c",[1,2]]' ]]
  quick ippull -t 0 t
  assert_output words
  quick ippull -t 0 'type(raw).__name__'
  assert_output bytes
  quick ippush -s a='@x'
  quick ippull -t 1 a
  assert_output @x
}

@test "what is not there has its name" {
  quick ippull never_bound
  assert_status 1
  assert_output ''
  assert_stderr "ippull: 0-1 (2): no 'never_bound'"
  quick ippull '1/0'
  assert_status 1
  assert_stderr --partial 'ZeroDivisionError: division by zero'
}

@test "arrays go and come in NumPy's format" {
  "$REAL_PYTHON" -c 'import numpy; numpy.save("a.npy", numpy.arange(12.).reshape(3, 4))'
  quick ippush table=@a.npy
  assert_status 0
  quick ipexec -t 1 -p 'table.shape, float(table.sum())'
  assert_output '[[3, 4], 66.0]'
  quick ippull -t 0 -o b.npy table
  assert_status 0
  cmp a.npy b.npy
  quick ippull -t 0 --to 1 table
  assert_status 0
}

@test "ipls --names, and where names are" {
  quick ippush -t 0 only_here=1
  quick ipls --names
  assert_status 0
  assert_line only_here
  if grep -qE '^(In|Out|exit|quit|get_ipython|_.*)$' <<<"$output"; then return 1; fi
  quick ipls -l only_here
  assert_status 1
  assert_line --regexp '^only_here +int +- +0'
  quick ipexec 'globals().pop("only_here", None)'
}

@test "a pipeline of four" {
  shell 'seq 64 | ipscatter x | ipexec "y = [int(v)**10 for v in x]" | ipgather y'
  assert_status 0
  [[ $output == "$("$REAL_PYTHON" -c 'print(*(i**10 for i in range(1, 65)), sep="\n")')" ]]
  shell 'seq 4 | ipscatter x | ipexec "1/0" | ipgather x'
  assert_output ''
  assert_stderr --partial 'the command before it failed'
}

same_arrays() {
  "$REAL_PYTHON" -c 'import numpy, sys
assert numpy.array_equal(*map(numpy.load, sys.argv[1:]))' "$@"
}

@test "ipscatter and ipgather of rows, bytes and JSON" {
  "$REAL_PYTHON" -c 'import numpy; numpy.save("a.npy", numpy.arange(30).reshape(10, 3))'
  quick ipscatter --type npy rows a.npy
  assert_status 0
  shell 'ipgather --npy rows >b.npy'
  same_arrays a.npy b.npy
  head -c 100000 /dev/urandom >bytes
  quick ipscatter --type bytes blob bytes
  assert_status 0
  shell 'ipgather blob >back'
  cmp bytes back
  shell "echo '[1, \"two\", null]' | ipscatter --type json list"
  quick ipgather --json list
  [[ $(jq -c .value <<<"$output") == $'[1,"two"]\n[null]' ]]
}

@test "120 MB go out in parts and come back whole" {
  head -c 120000000 /dev/zero | tr '\0' 'x' | fold -w 79 >large
  run --separate-stderr run_limited 60 ipscatter large large
  assert_status 0
  quick ipexec -t 0 -p 'len(large)'
  assert_output "$((($(wc -l <large) + 2) / 2))"
  run --separate-stderr run_limited 60 bash -c 'ipgather large | cmp - <(sed -e "\$a\\" large)'
  assert_status 0
  quick ipexec 'del large'
}

# -- ipmap

@test "ipmap gives items to whichever is free" {
  shell 'seq 0 999 | ipmap "x**2"'
  assert_status 0
  [[ $output == "$("$REAL_PYTHON" -c 'print(*(i**2 for i in range(1000)), sep="\n")')" ]]
  shell 'seq 4 | ipmap -t 1 "(print(x), x * 2)[1]"'
  assert_status 0
  assert_output $'2\n4\n6\n8'
  [[ $(sort <<<"$stderr") == *'4'* ]]
  shell 'seq 3 | ipmap --json x'
  [[ $(jq -c .value <<<"$output") == $'1\n2\n3' ]]
}

@test "ipmap's failed items" {
  shell 'seq 0 3 | ipmap "6 // x"'
  assert_status 1
  assert_output $'6\n3\n2'
  assert_stderr --regexp "^ipmap: item 1 \('0'\): engine [01]: ZeroDivisionError"
  shell 'seq 3 | ipmap "x +"'
  assert_status 1
  assert_stderr --partial SyntaxError
}

@test "ipmap: a file's function, one result, blocks, shares" {
  printf '%s\n' 'from math import floor' 'class Box:' '    def __init__(self, v): self.v = v' \
    '    def __add__(self, other): return Box(self.v + other.v)' \
    '    def __repr__(self): return "Box %d" % floor(self.v)' \
    'def double(v): return 2 * floor(v)' >box.py
  shell 'seq 1000 | ipmap -f box.py:double | tail -n 1'
  assert_status 0
  assert_output 2000
  shell 'seq 1000 | ipmap -f box.py --reduce a+b "Box(double(x))"'
  assert_output 'Box 1001000'
  shell 'ipmap -f box.py:nosuch ::: 1'
  assert_status 65
  assert_stderr 'ipmap: box.py defines no nosuch'
  shell 'seq 10000 | ipmap --pipe --block 4k --reduce a+b "x.count(\"\n\")"'
  assert_output 10000
  shell 'seq 9 | ipmap --direct --json x | jq .engine | uniq -c | tr -d " \n"'
  assert_output 5041
}

@test "a reader that has enough ends ipmap" {
  shell 'seq 1000000 | ipmap x | head -1'
  assert_output 1
}

# -- interrupts

@test "Ctrl-C ends the command and what it runs" {
  local status=0
  env --default-signal=INT "$IPKIT_BUILD/bin/ipexec" -t 0 "open('$PWD/there', 'w').close()
import time; time.sleep(1000)" >out 2>err &
  local pid=$!
  wait_until 20 "the code" test -e there
  kill -INT "$pid"
  wait "$pid" || status=$?
  ((status == 130))
  quick ipexec -t 0 -p '"free"'
  assert_status 0
  assert_output free
}

@test "a time limit does the same" {
  quick ipexec --timeout 1 'import time; time.sleep(1000)'
  assert_status 124
  assert_stderr --partial '0-1 interrupted'
  quick ipexec -t 0 -p '"free"'
  assert_output free
  shell 'seq 2 | ipmap --timeout 1 "__import__(\"time\").sleep(1000)"'
  assert_status 124
  quick ipexec -p '"free"'
  assert_output $'free\nfree'
}

# -- ipcluster log

@test "ipcluster log -f shows what engines print and fail with" {
  ipcluster log -f --cells >cells 2>words 3>&- &
  local watcher=$!
  wait_until 10 "the watcher" grep -q "engines run: 0-1" words
  quick ipexec -t 0 'print("seen")'
  quick ipexec -t 1 '1/0'
  wait_until 10 "both" bash -c "grep -q '^0: stdout: seen' cells &&
    grep -q '^1: Error: ZeroDivisionError' cells" || cat cells
  kill "$watcher"
  if [[ $known ]]; then grep -q '^0: In: print' cells; fi
}

@test "--broadcast: one message for all engines" {
  quick ipexec --broadcast 'me = 7; print("here")'
  assert_status 0
  assert_output $'here\nhere'
  quick ipexec --broadcast -p 'me * 6'
  assert_output $'42\n42'
  quick ippush --broadcast a='[1, 2]'
  assert_status 0
  quick ipapply --broadcast 'lambda x: a + x' '[3]'
  assert_output $'[1, 2, 3]\n[1, 2, 3]'
  quick ipexec --broadcast -p 1/0
  assert_status 1
  assert_stderr_of_both "ZeroDivisionError: division by zero, line 1: 1/0"
}

@test "--broadcast: --timeout interrupts" {
  quick ipexec --broadcast --timeout 1 'import time; time.sleep(1000)'
  assert_status 124
  assert_stderr --partial '0-1 interrupted'
  quick ipexec --broadcast -p '"free"'
  assert_output $'free\nfree'
}

# -- ipconsole

completes() { keys Tab && wait_until 4 "" shows "$1"; }

@test "ipconsole: a script, values, completion, an interrupt" {
  shell "printf '%s\n' 'x = 6' 'print(x * 7)' '!echo shell' '%targets 0' 'print(x)' | ipconsole"
  assert_status 0
  output=${output//$'\r'/} # IPython's `!` has a terminal of its own
  [[ $(sort <<<"$output") == $'42\n42\n6\nshell\nshell' ]] || fail "other lines"
  screen_start 100 30 ipconsole --no-history
  wait_for_prompt
  put 'x + 1'
  shows '^0: Out\[[0-9]+\]: 7$'
  shows '^1: Out\[[0-9]+\]: 7$'
  keys -l 'x.bit_l'
  wait_for 'bit_l$'
  wait_until 60 "a completion" completes 'x.bit_length' # IPython's first one takes its time
  keys C-c
  wait_for_prompt
  put '1/0'
  shows 'ZeroDivisionError'
  type_line "open('$BATS_TEST_TMPDIR/begun', 'w'); import time; time.sleep(100)"
  wait_until 30 "the code to run" test -e begun
  keys C-c
  wait_for 'KeyboardInterrupt'
  wait_for_prompt
  keys C-d
  wait_for '^\[status 0\]$'
  screen_stop
}

# -- the end of an engine; last, as one is gone afterwards

@test "an engine is killed under a request" {
  rm -f there
  run_limited 50 ipexec -t 1 "open('$PWD/there', 'w').close()
import time; time.sleep(1000)" >out 2>err &
  local pid=$! status=0
  wait_until 20 "the code" test -e there
  kill -KILL "$(<"$WORLD/engine-1.pid")"
  wait "$pid" || status=$?
  ((status == 1))
  [[ $(<err) == *'Engine 1 died'* ]]
  wait_until 30 "the table" bash -c '[[ $(ipls) == 0 ]]'
  if [[ $controller == ours ]]; then
    shell 'seq 10 | ipmap "x * 2"'
  else
    quick ipexec -n -p '6 * 7'
  fi
  ((status == 0)) || world_show_logs
  assert_status 0
}
