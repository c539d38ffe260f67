# SPDX-License-Identifier: BSD-3-Clause
# ipcluster log -f: what engines run, for whom it may be.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }
teardown() {
  if [[ -n ${watcher-} ]]; then kill "$watcher" 2>/dev/null || true; fi
}

# watch OPTION…: ipcluster log -f in the background, its words in ./cells; returns when it listens.
watch() {
  ipcluster log -f "$@" >cells 2>words 3>&- &
  watcher=$!
  wait_until 10 "the watcher" grep -q "has engines run: " words
}
# shown PATTERN: waits until a line of it has come.
shown() { wait_until 10 "$1 to be shown" grep -qxE "$1" cells || { cat cells && return 1; }; }

@test "code, output and values of our programs, each with its engine" {
  watch --cells
  assert_equal "$(sed 's/controller [^ ]* on [^ ]*/C/' words)" \
    "ipcluster: showing what C has engines run: 0-1"
  run_limited 10 ipexec 'import sys
print("out"); print("err", file=sys.stderr)' 2>/dev/null
  run_limited 10 ipexec -t 1 -p '6 * 7'
  shown '1: Out: 42'
  local id
  for id in 0 1; do
    assert_equal "$(grep "^$id" cells | head -4)" "$id: In: import sys
$id:     print(\"out\"); print(\"err\", file=sys.stderr)
$id: stdout: out
$id: stderr: err"
  done
  assert_equal "$(tail -2 cells)" "1: In: 6 * 7
1: Out: 42"
}

@test "errors, of code and of commands; maps; tasks" {
  watch --cells
  run run_limited 10 ipexec -t 0 '1/0'
  shown '0: Error: ZeroDivisionError: division by zero.*'
  run run_limited 10 ipexec -t 1 --sh 'echo partly; exit 3'
  shown '1: In: echo partly; exit 3'
  shown '1: stdout: partly'
  shown '1: Error: exit status 3'
  assert_equal "$(grep -c Error cells)" 2
  run_limited 10 ipmap 'x**2' ::: 7 >/dev/null
  shown '[01]: In: x\*\*2  # map: 1 item'
  run_limited 10 ipwait "$(ipsubmit -t 0 'y = "task"')"
  shown '0: In: y = "task"'
}

@test "values that come and go, and functions that are called: a line each" {
  watch --cells
  run_limited 10 ipapply -t 0 'lambda v, w: v + w' 1 2
  run_limited 10 ipapply -t 0 max 1 2
  run_limited 10 ipexec -n -t 0 'f = abs'
  run_limited 10 ippush -n -t 0 a=1 b=xyz
  run_limited 10 ippull -n -t 0 a 'b.upper()'
  seq 3 | run_limited 10 ipscatter -t 0 part
  run_limited 10 ipclear -t 0
  run_limited 10 ipexec -n -t 0 'last = 1'
  shown '0: In: last = 1'
  assert_equal "$(grep -v Out: cells)" "0: In: # ipapply lambda v, w: v + w
0: In: # ipapply max
0: In: f = abs
0: In: # push a, b: 4 bytes
0: In: # pull a, b.upper()
0: In: # unbind part
0: In: # push part, in pieces
0: In: # clear
0: In: last = 1"
}

@test "functions that ipyparallel's clients call: by name" {
  "$IPKIT_PYTHON" -c 'import ipyparallel' || skip "needs ipyparallel"
  watch --cells
  run_limited 30 "$IPKIT_PYTHON" - <<'PY'
import ipyparallel
view = ipyparallel.Client()[0]
def twice(x): return 2 * x
assert view.apply_sync(twice, 2) == 4
view.apply_sync(len, 'text')
view.apply_sync(lambda: 1)
view.push({'n': 5}, block=True)
PY
  shown '0: In: # apply _push'
  assert_equal "$(<cells)" "0: In: # apply twice
0: In: # apply len
0: In: # apply <lambda>
0: In: # apply _push"
}

@test "a line without its end is shown when something else is; terminals are safe" {
  watch --cells -t 0
  run_limited 10 ipexec -t 0 'print("no end \033[2J", end="")' >/dev/null
  run_limited 10 ipexec -t 0 'z = 1'
  shown '0: In: z = 1'
  shown '0: stdout: no end \?\[2J'
}

@test "-t shows these engines only, -x leaves some out" {
  watch -t 1
  run_limited 10 ipexec -t 0 'a = 0'
  run_limited 10 ipexec -t 1 'a = 1'
  shown '1: In: a = 1'
  assert_equal "$(<cells)" "1: In: a = 1"
  kill "$watcher"
  watch -x 1
  assert_equal "$(grep -o 'run: .*' words)" "run: 0"
}

@test "--json: an object each, with the job" {
  watch --json -t 0
  local job
  job=$(ipexec -a -t 0 'print("é"); 1/0')
  shown '.*ZeroDivisionError.*'
  job=$job run_limited 10 "$IPKIT_PYTHON" - <<'PY'
import json, os
rows = [json.loads(line) for line in open('cells')]
assert [row['type'] for row in rows] == ['input', 'stdout', 'error'], rows
assert all(row['engine'] == 0 and row['id'] == os.environ['job'] for row in rows), rows
assert rows[0]['code'].startswith('print') and rows[1]['text'] == 'é\n', rows
assert rows[2]['ename'] == 'ZeroDivisionError', rows
PY
}

@test "an engine that comes is watched too" {
  watch --cells
  run_limited 30 ipcluster engines -n 1
  # It is asked to show what it runs some seconds after it has come.
  wait_until 15 "engine 2 to be shown" \
    bash -c "ipexec -t 2 'new = 1'; grep -qx '2: In: new = 1' cells"
  run_limited 30 ipcluster engines --remove=2
}

@test "without -f the logs beside it; without a controller an error; Ctrl-C ends it" {
  run --separate-stderr run_limited 10 ipcluster log --cells
  assert_status 64
  assert_stderr --partial "give -f"
  run --separate-stderr run_limited 10 ipcluster log -f --cells --profile=none
  assert_status 69
  assert_stderr --partial "no controller for profile 'none'"
  watch
  shown 'ipcluster.*: .*'
  run_limited 10 ipexec -t 0 'b = 2'
  shown '0: In: b = 2'
  run --separate-stderr run_limited 10 "$IPKIT_PYTHON" -c "
import signal, subprocess
signal.signal(signal.SIGINT, signal.default_int_handler)
p = subprocess.Popen(['ipcluster', 'log', '-f', '--cells'], stderr=subprocess.PIPE)
p.stderr.readline()
p.send_signal(signal.SIGINT)
print(p.wait(5), p.stderr.read())"
  assert_output "-2 b''"
}

@test "it ends with its reader" {
  run --separate-stderr run_limited 20 bash -c 'ipcluster log -f --cells | head -1 &
    until ipexec -t 0 "c = 3"; ! kill -0 $!; do :; done 2>/dev/null'
  assert_output "0: In: c = 3"
}
