#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipdag on two engines.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

dag() { run --separate-stderr run_limited 60 ipdag "$@"; }
graph() { printf '%s\n' "$@" >graph; }

# before A B: A is a line of the output above B.
before() {
  local line a=-1 b=-1
  for line in "${!lines[@]}"; do
    if [[ ${lines[line]} == "$1" ]]; then a=$line; fi
    if [[ ${lines[line]} == "$2" ]]; then b=$line; fi
  done
  ((a >= 0 && a < b)) || fail "$1 is not before $2"
}

@test "pairs: a command for each node, in order" {
  graph 'a b  a c' 'b d' 'c d' 'lone lone'
  dag graph --sh 'echo {}'
  assert_status 0
  assert_stderr ""
  assert_equal "${#lines[@]}" 5
  before a b
  before a c
  before b d
  before c d
  assert_line lone
  dag --sh graph printf '%s;%s\n' {} "it's {}"
  assert_line "d;it's d"
}

@test "pairs: an expression, a function, values" {
  graph '1 2' '2 three'
  dag graph -p 'x * 2'
  assert_status 0
  assert_output $'2\n4\nthreethree'
  dag graph 'print(_, type(x).__name__)'
  assert_output $'1 int\n2 int\nthree str'
  dag -p graph str
  assert_output $'1\n2\nthree'
  run --separate-stderr run_limited 60 bash -c 'echo a b | ipdag -p - x'
  assert_output $'a\nb'
}

@test "YAML: code, after, follow, kernels, targets" {
  cat >tasks.yaml <<'Y'
- name: load
  code: |
    rows = [1, 2, 3]
    print("loaded")
- {name: sum, code: print(sum(rows)), follow: load}
- name: shell
  code: echo "from $0" | cut -c 1-4; sh=$((1 + 1)); echo $sh
  kernel: sh
  after: [load, sum]
  timeout: 10s
- {name: there, code: where = 1, targets: 1, after: shell}
- {name: too, code: print(where), targets: "-1", follow: [there]}
- {name: template, after: too}
Y
  dag tasks.yaml 'print("node", x)'
  assert_status 0
  assert_output $'loaded\n6\nfrom\n2\n1\nnode template'
  dag tasks.yaml
  assert_status 64
  assert_stderr --partial "node 'template' has nothing to run"
  dag --format yaml - print <tasks.yaml
  assert_status 0
}

@test "YAML: after and follow with :any, :failure, :success" {
  cat >forms.yaml <<'Y'
- {name: good, code: print("good")}
- {name: bad, code: 1/0}
- {name: first, code: print("first"), after: [bad, "good:any"]}
- {name: mend, code: print("mend"), after: "bad:failure"}
- {name: never, code: print("never"), after: "good:failure"}
- {name: neither, code: print("neither"), after: never}
- {name: last, code: print("last"), after: [first, mend, bad, "never:success:failure"]}
- {name: there, code: where = 5, targets: 1}
- {name: same, code: print(where), follow: [there, "bad:any"], after: last}
Y
  dag forms.yaml
  assert_status 1
  assert_equal "$(head -1 <<<"$output")" good
  assert_equal "$(sort <<<"$output")" $'5\nfirst\ngood\nlast\nmend'
  assert_stderr --partial "bad: engine"
  refute_stderr --partial "not run"
  dag --json forms.yaml
  assert_line '{"name":"never","status":"skipped","cause":"never"}'
}

@test "YAML: forms that are none are errors with their line" {
  local form
  printf '%s\n' '- {name: a, code: pass}' '- name: b' '  after: "a:anny"' >bad.yaml
  dag bad.yaml x
  assert_status 65
  assert_stderr "ipdag: bad.yaml:3: ':anny' after 'a' is not a form; \
forms are :any, :all, :success, :failure"
  printf '%s\n' '- {name: a, code: pass}' '- {name: b, after: ["a:any", ' 'a]}' >bad.yaml
  dag bad.yaml x
  assert_status 65
  assert_stderr --partial "bad.yaml:3: a name after ':any'"
  for form in a:any:all a:all:failure:any; do
    printf '%s\n' '- {name: a, code: pass}' "- {name: b, follow: '$form'}" >bad.yaml
    dag bad.yaml x
    assert_status 65
    assert_stderr --partial "bad.yaml:2: :any and :all are both given"
  done
  printf '%s\n' '- {name: a, code: pass}' '- {name: b, after: "c:any"}' >bad.yaml
  dag bad.yaml x
  assert_stderr --partial "bad.yaml:2: no node 'c'"
  # A name that looks like one is a name.
  printf "%s\n" '- {name: "a:any", code: "1/0"}' \
    '- {name: b, code: print(2), after: "a:any"}' >ok.yaml
  dag ok.yaml
  assert_output ""
  assert_stderr --partial "not run because a:any failed: b"
}

@test "DAGMan: submit descriptions, DIR, NOOP, DONE, RETRY" {
  mkdir sub
  printf '#!/bin/sh\necho "$PWD: $*"\n' >sub/run
  chmod +x sub/run
  cat >sub/d.sub <<'S'
# what HTCondor needs
universe = vanilla
executable = run
arguments = "one 'two words' $(JOB) 'it''s'"
queue
S
  printf 'executable = /bin/echo\nArguments = a b  c\nlog = x\n' >plain.sub
  cat >g.dag <<'D'
# comment
JOB A d.sub DIR sub
job B plain.sub
PARENT A child B C
JOB C none.sub NOOP
JOB D none.sub DONE
PARENT C CHILD D
RETRY ALL_NODES 1
D
  dag g.dag
  assert_status 0
  assert_stderr ""
  assert_output "$PWD/sub: one two words A it's"$'\na b c'
  dag g.dag --sh 'echo {} {1}'
  assert_equal "$(sort <<<"$output")" $'A d.sub\nB plain.sub'
}

@test "what is wrong in a graph: the line, before anything runs" {
  cat >cycle.yaml <<'Y'
- {name: first, code: print(1)}
- {name: a, code: pass, after: c}
- {name: b, code: pass, after: [first, a]}
- {name: c, code: pass, after: b}
Y
  dag cycle.yaml
  assert_status 65
  assert_output ""
  assert_stderr "ipdag: cycle.yaml:2: cycle: a -> b -> c -> a; a task cannot come after itself"
  graph 'a b' 'b c d'
  dag graph --sh echo
  assert_status 65
  assert_stderr --partial "graph:2: 'd' has no second word"
  check_yaml "2: no node 'lod'; did you mean 'load'?" '- name: load' '- {name: b, after: lod}'
  check_yaml "2: node 'a' is there twice; first in line 1" '- name: a' '- name: a'
  check_yaml "1: unknown key 'cod'; did you mean 'code'?" '- {name: a, cod: x}'
  check_yaml "2: a task without a name" '- name: a' '- code: x'
  check_yaml "1: retries: 'many' is not a number from 0 to 1000" '- {name: a, retries: many}'
  check_yaml "1: 'soon' is not a time" '- {name: a, timeout: soon}'
  check_yaml "1: not a list of tasks" 'name: a'
  check_yaml "1: cycle: a -> a" '- {name: a, code: x, after: a}'
  check_dag "2: 'SCRIPT' is not known here" 'JOB A a.sub' 'SCRIPT PRE A x'
  check_dag "1: JOB needs a name and a file" 'JOB A'
  check_dag "2: no node 'B'" 'JOB A a.sub' 'PARENT A CHILD B'
  check_dag "2: not RETRY NAME N" 'JOB A a.sub' 'RETRY A'
  check_dag "2: not a complete line" 'JOB A a.sub' 'PARENT A'
  check_dag "1: 'FAST' after JOB" 'JOB A a.sub FAST'
  printf 'arguments = x\n' >a.sub
  dag g.dag
  assert_status 65
  check_dag "no executable" 'JOB A a.sub'
}

# check_yaml TEXT LINE…, check_dag TEXT LINE…: what is said of such a graph.
check_yaml() {
  printf '%s\n' "${@:2}" >wrong.yaml
  dag wrong.yaml print
  assert_status 65
  assert_stderr --partial "$1"
}
check_dag() {
  printf '%s\n' "${@:2}" >g.dag
  dag g.dag
  assert_status 65
  assert_stderr --partial "$1"
}

@test "what is wrong on the command line" {
  graph 'a b'
  dag
  assert_status 64
  dag nosuch --sh echo
  assert_status 66
  dag graph
  assert_status 64
  assert_stderr --partial "nothing to run"
  dag graph a b
  assert_status 64
  dag --resume graph x
  assert_status 66
  assert_stderr --partial "no graph.rescue"
  dag --resume - x
  assert_status 64
  dag --format condor graph x
  assert_status 64
  dag --dot --dry-run graph x
  assert_status 64
  dag --sh --bar graph echo
  assert_status 64
  dag -j 0 graph x
  assert_status 64
  dag graph --sh 'echo "{}"'
  assert_status 64
  dag -t 9 graph x
  assert_status 68
  echo '- {name: a, code: pass, targets: 0-9}' >t.yaml
  dag t.yaml
  assert_status 68
  assert_stderr --partial "t.yaml:1: "
}

@test "a node that fails: named, with what did not run because of it" {
  graph 'A B' 'A C' 'C D' 'ok ok' 'ok fine' 'D E' 'D F' 'D G'
  dag graph 'print(x) if x != "A" else 1/0'
  assert_status 1
  assert_equal "$(sort <<<"$output")" $'fine\nok'
  assert_stderr --regexp '^ipdag: A: engine [01]: ZeroDivisionError: division by zero'
  assert_stderr --partial $'not run because A failed: B, C, D, E and 2 more\nipdag: graph.rescue'
  dag -q graph --sh 'test {} != D'
  assert_status 1
  assert_stderr 'ipdag: not run because D failed: E, F, G'
  dag --json graph --sh 'echo {}; test {} != D'
  assert_equal "${#lines[@]}" 9
  assert_line --regexp '"name":"A","engine":[01],"attempt":1,"status":"ok","stdout":"A\\n"'
  assert_line --regexp '"name":"D",.*"status":"error","error":\{.*"exit_status":1'
  assert_line '{"name":"E","status":"skipped","cause":"D"}'
  dag --json -p graph 1+1
  assert_line --regexp '"name":"A",.*"status":"ok","value":2\}$'
}

@test "output of a node comes whole" {
  graph 'a a' 'b b'
  dag graph --sh 'for i in 1 2 3 4 5; do echo {}; sleep 0.05; done; echo {} >&2'
  assert_equal "$(uniq -c <<<"$output" | tr -s ' ' | sort)" $' 5 a\n 5 b'
  assert_equal "$(sort <<<"$stderr")" $'a\nb'
}

@test "--retries, and those of a node" {
  graph 'a b'
  dag --retries 2 --joblog log graph \
    --sh "echo {} >>'$PWD/tries'; [ \$(wc -l <'$PWD/tries') -gt 2 ]"
  assert_status 0
  assert_equal "$(tr '\n' ' ' <tries)" "a a a b "
  assert_equal "$(cut -f 1,7,11 log | tail -n +2 | tr '\t\n' ' ,')" "1 1 1,1 1 2,1 0 3,2 0 1,"
  cat >r.yaml <<'Y'
- {name: a, code: "false", kernel: sh, retries: 1}
- {name: b, code: "true", kernel: sh, after: a}
Y
  dag r.yaml
  assert_status 1
  assert_stderr --partial "a: engine"
  assert_stderr --partial "tried 2 times"
  assert_stderr --partial "not run because a failed: b"
}

@test "--joblog and --resume: only what did not succeed" {
  graph 'a b' 'b c' 'a d'
  dag --joblog log graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 1
  assert_equal "$(head -1 log | cut -f 1-11)" \
    "Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command	Engine	Attempt"
  assert_equal "$(wc -l <log)" 4
  touch go
  dag --joblog log --resume graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 0
  assert_output $'b\nc'
  dag --joblog log --resume graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 0
  assert_output ""
  dag --joblog log --resume --dry-run graph --sh "echo {}"
  assert_equal "${#lines[@]}" 4
  dag --joblog log graph --sh 'kill -9 $BASHPID; echo {}'
  assert_status 1
  assert_equal "$(cut -f 7,8 log | tail -n 1)" "0	9"
}

@test "a rescue file: --resume goes by it, and it goes when all is done" {
  graph 'a b' 'b c' 'a d'
  dag graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 1
  assert_stderr --partial "graph.rescue notes the 2 of 4 nodes that have succeeded"
  assert_equal "$(sed 1d graph.rescue | cut -f 9 | sed 's/.* //' | sort)" $'a\nd'
  # Failed again: nothing is forgotten.
  dag --resume graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 1
  assert_output b
  touch go
  dag --resume graph --sh "echo {}; [ {} != b ] || [ -e '$PWD/go' ]"
  assert_status 0
  assert_output $'b\nc'
  [[ ! -e graph.rescue ]] || fail "graph.rescue is left"
  # A run from the start that comes to nothing leaves none of an earlier one.
  dag graph --sh '[ {} = a ]'
  [[ -e graph.rescue ]] || fail "no graph.rescue"
  dag graph --sh ': {}; false'
  [[ ! -e graph.rescue ]] || fail "graph.rescue is left"
}

@test "a file that is no rescue file is left alone" {
  graph 'a b'
  echo precious >graph.rescue
  dag graph --sh '[ {} = a ]'
  assert_status 1
  assert_stderr --partial "graph.rescue is no job log"
  assert_equal "$(<graph.rescue)" precious
  dag --resume graph --sh ': {}'
  assert_status 65
}

@test "a rescue file after a signal" {
  graph 'a b'
  ipdag graph --sh "touch '$PWD'/{}; [ {} = a ] || sleep 60" 2>err &
  pid=$!
  wait_until 20 "the second node" test -e b
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  assert_equal "$status" 143
  [[ $(<err) == *"graph.rescue notes the 1 of 2 nodes"* ]]
}

@test "--dry-run and --dot need no cluster" {
  graph 'b c' 'a b'
  dag --profile none --dry-run graph --sh 'make {}'
  assert_status 0
  assert_output $'a\tmake a\nb\tmake b\nc\tmake c'
  dag --profile none --dot graph
  assert_status 0
  assert_output $'digraph {\n  "b";\n  "a" -> "b";\n  "c";\n  "b" -> "c";\n  "a";\n}'
  dag --profile none graph --sh 'make {}'
  assert_status 69
}

@test "-j: at most so many at a time" {
  for i in 1 2 3 4 5 6; do echo "n$i n$i"; done >graph
  dag -j 1 graph --sh ": {}; mkdir '$PWD/one' && sleep 0.02 && rmdir '$PWD/one'"
  assert_status 0
  dag -j 2 -t 0 graph --sh 'echo {}'
  assert_equal "${#lines[@]}" 6
  dag -x 0 --json graph x
  assert_line --partial '"engine":1'
  refute_output --partial '"engine":0'
}

@test "--timeout: the rest is cancelled" {
  graph 'a b' 'a c'
  dag --timeout 1s graph --sh ': {}; sleep 60'
  assert_status 124
  assert_stderr --partial "timed out after 1s: 0 of 3 nodes done"
  run --separate-stderr run_limited 20 ipexec -n 'print("free")'
  assert_output $'free\nfree'
}

@test "R13: an interrupt withdraws what waits and stops what runs" {
  for i in 1 2 3 4; do echo "n$i m$i"; done >graph
  mark=$PWD/started
  ipdag --joblog log graph --sh ": {}; echo >>'$mark'; sleep 60" >out 2>err &
  pid=$!
  wait_until 20 "the first nodes" test -s "$mark"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  assert_equal "$status" 143
  run --separate-stderr run_limited 20 ipexec -n 'print("free")'
  assert_output $'free\nfree'
  assert_equal "$(wc -l <log)" 1
}

@test "--serial: output, messages, status and job log of a cluster" {
  local way
  cat >tasks.yaml <<'Y'
- {name: one, code: "print('one'); import sys; print('err', file=sys.stderr)"}
- {name: two, code: "echo two; exit 3", kernel: sh, retries: 1, after: one}
- {name: three, code: print(3), after: "two:failure"}
- {name: four, code: "x", after: three}
- {name: five, code: pass, after: [two, four]}
Y
  graph 'a b' 'b c' 'c d'
  for way in "-t 0" --serial; do
    # shellcheck disable=SC2086 # words
    dag $way --joblog "log$way" tasks.yaml
    printf '%s\n' "$status" "$output" "$stderr" >"yaml$way"
    # shellcheck disable=SC2086
    dag $way --joblog "log$way" --resume -p graph 'x * 2 if x != "c" else 1/0'
    printf '%s\n' "$status" "$output" "$stderr" >"pairs$way"
    # shellcheck disable=SC2086
    dag $way --json -p graph 'x * 2 if x != "c" else 1/0'
    sed -E 's/"id":"[^"]*"/"id":""/' <<<"$output" >"json$way"
    cut -f 1,2,5- "log$way" >"columns$way"
  done
  assert_equal "$(sed -n 1p "yaml--serial") $(grep -c . "columns--serial")" "1 9"
  local file
  for file in yaml pairs json columns; do diff "$file-t 0" "$file--serial"; done
}

@test "a bar only on a terminal; an empty graph" {
  graph 'a b'
  dag --bar graph --sh 'echo {}'
  assert_stderr ""
  : >none
  dag none --sh 'echo {}'
  assert_status 0
  assert_output ""
}

@test "2,000 nodes, each after two others" {
  awk 'BEGIN { srand(4)
    for (i = 1; i < 2000; i++) { print int(rand() * i), i; print int(i / 2), i } }' >graph
  dag -p graph x
  assert_status 0
  assert_equal "$(sort -n <<<"$output" | cksum)" "$(seq 0 1999 | cksum)"
  # Every line stands below those it comes after.
  paste <(seq 2000) - <<<"$output" | awk 'FNR == NR { at[$2] = $1; next }
    at[$1] > at[$2] { bad++ } END { exit bad > 0 }' - graph
}

@test "32 nodes, 128 random edges: by the records each starts after all it depends on" {
  "$IPKIT_PYTHON" -c 'import zmq' || skip "needs pyzmq"
  seed=$RANDOM
  echo "# seed $seed" >&3
  "$IPKIT_PYTHON" - "$seed" >graph <<'P'
import random, sys
random.seed(int(sys.argv[1]))
edges = set()
while len(edges) < 128:
    a, b = sorted(random.sample(range(32), 2))
    edges.add((a, b))
names = random.sample(range(100, 132), 32)
for node in names:
    print(node, node)
for a, b in edges:
    print(names[a], names[b])
P
  run --separate-stderr run_limited 60 ipdag --json graph '__import__("time").sleep(x % 7 / 1000)'
  assert_status 0
  assert_equal "${#lines[@]}" 32
  printf '%s\n' "${lines[@]}" >rows
  mapfile -t words < <(grep -oE 'job:[^"]+' rows)
  "$IPKIT_PYTHON" "$ROOT/tests/cmd/task_records.py" \
    "$IPYTHONDIR/profile_default/security/ipcontroller-client.json" "${words[@]}" >records
  run --separate-stderr run_limited 20 "$IPKIT_PYTHON" - rows records graph <<'P'
import json, sys
rows, records = ([json.loads(line) for line in open(name)] for name in sys.argv[1:3])
times = {row['name']: record for row, record in zip(rows, records)}
edges = [line.split() for line in open(sys.argv[3])]
edges = [(a, b) for a, b in edges if a != b]
for a, b in edges:
    assert times[a]['completed'] <= times[b]['started'], (a, b, times[a], times[b])
    assert times[a]['label'] == a
print(len(times), len(edges))
P
  assert_output "32 128"
}

@test "help" {
  dag -h
  assert_status 0
  assert_line -n 0 --partial "Usage: ipdag"
}
