#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipsubmit on two engines.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

submit() { run --separate-stderr run_limited 20 ipsubmit "$@"; }
await() { run --separate-stderr run_limited 20 ipwait "$@"; }

# task OPTIONS…: submits, and sets job to the word.
task() {
  submit "$@"
  assert_status 0
  assert_stderr ""
  assert_output --regexp '^job:[^ ]+$'
  job=$output
}

# record JOB…: what is kept of them.
record() {
  "$IPKIT_PYTHON" -c 'import zmq' || skip "needs pyzmq"
  run --separate-stderr run_limited 20 "$IPKIT_PYTHON" "$ROOT/tests/cmd/task_records.py" \
    "$IPYTHONDIR/profile_default/security/ipcontroller-client.json" "$@"
  assert_status 0
}

@test "one word, at once; ipwait waits" {
  task "import os, time
while not os.path.exists('$PWD/go'): time.sleep(0.02)
print('done')"
  await --timeout 0 "$job"
  assert_status 124
  touch go
  await "$job"
  assert_status 0
  assert_output ""
  record "$job"
  assert_output --partial '"stdout": "done\n"'
  assert_output --partial '"status": "ok"'
  assert_output --partial '"values": []'
}

@test "case 18, README: --after words" {
  a=$(run_limited 20 ipsubmit -t 0 'import time; time.sleep(0.4); first = time.time()')
  c=$(run_limited 20 ipsubmit -t 0 'pass')
  task -t 0 --after "$a,$c" 'second = time.time()'
  await "$job"
  assert_status 0
  task -t 0 --after "$a $job" -p 'first < second'
  await "$job"
  record "$job"
  assert_output --partial '"values": ["true"]'
}

@test "values in and out" {
  task --push n=20 --push s='to the engine' --pull 'n * m' --pull s.upper\(\) -p \
    'm = 2; print(s); m'
  await "$job"
  assert_status 0
  record "$job"
  assert_output --partial '"values": ["2", "40", "TO THE ENGINE"]'
  assert_output --partial '"types": ["json", "json", "text"]'
  assert_output --partial '"names": ["n * m", "s.upper()"]'
  task -s --push v=null --push w=@x --pull '[v, w]' pass
  await "$job"
  record "$job"
  assert_output --partial '["[\"null\", \"@x\"]"]'
  printf '{"a": 1}' >d.json
  run --separate-stderr run_limited 20 bash -c \
    'printf raw | ipsubmit --push d=@d.json --push r=@- --pull "d[\"a\"]" --pull r pass'
  assert_status 0
  job=$output
  await "$job"
  record "$job"
  assert_output --partial '"values": ["1", "raw"]'
}

@test "a large file is a value" {
  head -c 5000000 /dev/zero >zeros
  task --push z=@zeros -p 'len(z)'
  await "$job"
  assert_status 0
  record "$job"
  assert_output --partial '"values": ["5000000"]'
}

@test "--clear-before, --clear-after" {
  task -t 0 'left = 1'
  await "$job"
  task -t 0 --clear-before -p '"left" in globals()'
  await "$job"
  record "$job"
  assert_output --partial '"values": ["false"]'
  task -t 0 --clear-after --push left=1 '1/0'
  await -q "$job"
  assert_status 1
  task -t 0 -p '"left" in globals()'
  await "$job"
  record "$job"
  assert_output --partial '"values": ["false"]'
}

@test "shell: text, a command with its arguments, values" {
  task --sh --push 'who=all of you' --pull greeting 'greeting="hello $who"; echo "$greeting"'
  await "$job"
  record "$job"
  assert_output --partial '"values": ["hello all of you"]'
  assert_output --partial '"stdout": "hello all of you\n"'
  task --kernel sh printf '<%s>' 'a b' c
  await "$job"
  record "$job"
  assert_output --partial '"stdout": "<a b><c>"'
}

@test "code: -c, -f with arguments, standard input" {
  task -c 'print("by option")'
  await "$job"
  record "$job"
  assert_output --partial 'by option'
  echo 'import sys; print(sys.argv[1:])' >script.py
  task -f script.py --steps 10
  await "$job"
  record "$job"
  assert_output --partial "['--steps', '10']"
  run --separate-stderr run_limited 20 bash -c 'echo "print(6 * 7)" | ipsubmit'
  job=$output
  await "$job"
  record "$job"
  assert_output --partial '"stdout": "42\n"'
}

@test "forms of --after: what fails, what can no longer happen" {
  good=$(run_limited 20 ipsubmit pass)
  bad=$(run_limited 20 ipsubmit '1/0')
  await -q "$good" "$bad"
  assert_status 1
  for form in "$good" "$good,$bad:any" "$bad:failure" "$good,$bad:success:failure" \
    "$good,$bad:any:failure" "$good:all:success"; do
    task --after "$form" pass
    await "$job"
    assert_status 0
  done
  for form in "$bad" "$good,$bad" "$good:failure" "$bad:any"; do
    task --after "$form" pass
    await "$job"
    assert_status 1
    record "$job"
    assert_output --partial '"ename": "ImpossibleDependency"'
  done
}

@test "--follow: where that ran" {
  for engine in 0 1; do
    here=$(run_limited 20 ipsubmit -t $engine "here = $engine")
    task --follow "$here" -p here
    await "$job"
    assert_status 0
    record "$job"
    assert_output --partial "\"values\": [\"$engine\"]"
  done
  there=$(run_limited 20 ipsubmit -t 0 pass)
  task --follow "$here,$there" pass
  await "$job"
  assert_status 1
  task --follow "$here,$there:any" pass
  await "$job"
  assert_status 0
}

@test "-t and -x: only these engines" {
  task -t 1 pass
  await -p "$job"
  assert_output "$job 1 ok"
  task -x 1 pass
  await -p "$job"
  assert_output "$job 0 ok"
  submit -t 7 pass
  assert_status 68
}

@test "--retries: on another engine" {
  mark=$PWD/mark
  task --retries 1 --sh "echo x >>'$mark'; false"
  await -q "$job"
  assert_status 1
  assert_equal "$(wc -l <"$mark")" 2
  task --retries 1 --sh "test -e '$mark.2' || { touch '$mark.2'; false; }"
  await "$job"
  assert_status 0
}

@test "--timeout: of the wait, not of the run" {
  slow=$(run_limited 20 ipsubmit "$(held go)")
  task --timeout 100ms --after "$slow" pass
  await "$job"
  assert_status 1
  record "$job"
  assert_output --partial '"ename": "TaskTimeout"'
  task --timeout 100ms 'import time; time.sleep(0.4)'
  touch go
  await "$slow" "$job"
  assert_status 0
}

@test "--label is in the record" {
  task --label 'night run' pass
  await "$job"
  record "$job"
  assert_output --partial '"label": "night run"'
}

@test "what is wrong" {
  submit --after "" pass
  assert_status 64
  assert_stderr --partial "no job named"
  submit --after nonsense pass
  assert_status 64
  assert_stderr --partial "'nonsense' is not a job word"
  submit --after job:nosuch pass
  assert_status 66
  assert_stderr --partial "no such job: job:nosuch"
  submit --follow job:x:sometimes pass
  assert_status 64
  assert_stderr --partial "':sometimes' is not a form"
  submit --after job:x:any:all pass
  assert_status 64
  submit a b
  assert_status 64
  submit --push 'a b=1' pass
  assert_status 64
  submit --push a pass
  assert_status 64
  submit --push a=1 --push a=2 pass
  assert_status 64
  submit --push a=@nosuch pass
  assert_status 66
  submit -f nosuch.py
  assert_status 66
  submit --timeout soon pass
  assert_status 64
  submit --retries many pass
  assert_status 64
  run --separate-stderr run_limited 20 bash -c 'echo 1 | ipsubmit --push a=@-'
  assert_status 64
  submit --profile none pass
  assert_status 69
}

@test "a request to an engine is not a task" {
  direct=$(run_limited 20 ipexec -n -a -t 0 pass)
  submit --after "$direct" pass
  assert_status 64
  assert_stderr --partial "is a request to one engine"
}

@test "help" {
  submit -h
  assert_status 0
  assert_line -n 0 --partial "Usage: ipsubmit"
}

@test "case 46: no engines: it queues" {
  world_make "$BATS_TEST_TMPDIR/empty"
  cluster_start 0
  trap cluster_stop EXIT
  task 'print("late")'
  await --timeout 0 "$job"
  assert_status 124
  in_background "$WORLD/engine-late.log" "$IPKIT_BUILD/bin/ipengine" \
    >"$WORLD/engine-late.pid"
  await "$job"
  assert_status 0
  trap - EXIT
  cluster_stop
}
