#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcancel: jobs withdrawn and interrupted, engines signalled, clusters ended from a client.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

cancel() { run --separate-stderr run_limited 20 ipcancel "$@"; }

started() { [[ -e $1 ]]; }

# long_job [ENGINE]: a job that runs for a minute, once it runs; prints its word.
long_job() {
  local file=$BATS_TEST_TMPDIR/runs.${1-0}
  rm -f "$file"
  run_limited 20 ipexec -n -t "${1-0}" -a \
    "import time; open('$file', 'w').close(); time.sleep(60); slept = 1"
  wait_until 20 "the code runs" started "$file"
}

# states JOB…: how they ended, one a line.
states() { run_limited 20 ipwait -p "$@" | cut -d ' ' -f 3; }

@test "what runs is interrupted, what waits is withdrawn, silently" {
  j=$(long_job)
  k=$(run_limited 20 ipexec -n -t 0 -a 'k = 1')
  cancel "$k,$j"
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(states "$j")" error
  assert_equal "$(states "$k")" aborted
  run --separate-stderr run_limited 20 ippull -t 0 k
  assert_stderr --partial "no 'k'"
}

@test "-v says what became of each" {
  j=$(long_job)
  k=$(run_limited 20 ipexec -n -t 0 -a 'k = 1')
  e=$(run_limited 20 ipexec -n -t 1 -a 'pass')
  run_limited 20 ipwait "$e"
  cancel -v "$k" "$j" "$e"
  assert_status 0
  assert_output ""
  [[ $stderr == *"ipcancel: $j interrupted"* ]] || fail "not interrupted"
  [[ $stderr == *"ipcancel: $k withdrawn"* ]] || fail "not withdrawn"
  [[ $stderr == *"ipcancel: $e had ended"* ]] || fail "not ended"
}

@test "words from standard input" {
  j=$(long_job)
  echo "$j and more" >words
  cancel - <words
  assert_status 0
  assert_equal "$(states "$j")" error
  cancel - </dev/null
  assert_status 0
}

@test "only the job that is meant is interrupted" {
  j=$(long_job)
  k=$(run_limited 20 ipexec -n -t 0 -a 'import time; time.sleep(0.5); k = 2')
  cancel "$j"
  assert_status 0
  cancel "$j" # by now the engine runs the other one
  assert_status 0
  assert_equal "$(states "$k")" ok
}

@test "a job that ended is no failure, one that is not there is 66" {
  j=$(run_limited 20 ipexec -n -t 0 -a pass)
  run_limited 20 ipwait "$j"
  cancel "$j"
  assert_status 0
  assert_stderr ""
  k=$(long_job)
  cancel job:nosuch "$k"
  assert_status 66
  assert_stderr --partial "no such job: job:nosuch"
  assert_equal "$(states "$k")" error
}

@test "-t: all that an engine has to do" {
  j=$(long_job 0)
  k=$(run_limited 20 ipexec -n -t 0 -a pass)
  other=$(run_limited 20 ipexec -n -t 1 -a 'import time; time.sleep(0.3)')
  cancel -t 0
  assert_status 0
  assert_output ""
  assert_equal "$(states "$j")" error
  assert_equal "$(states "$k")" aborted
  assert_equal "$(states "$other")" ok
  j=$(long_job 0)
  other=$(run_limited 20 ipexec -n -t 1 -a 'import time; time.sleep(0.3)')
  cancel -x 1
  assert_status 0
  assert_equal "$(states "$j")" error
  assert_equal "$(states "$other")" ok
}

# More tasks than engines are there, and some wait for one.
tasks_wait() { [[ $(timeout 10 ipstat -q) =~ ^[1-9][0-9]*\ [2-9] ]]; }

none_left() { [[ $(timeout 10 ipstat -q) == "0 0 "* ]]; }

is_gone() { ! kill -0 "$1" 2>/dev/null; }

@test "--all: tasks that wait for an engine too" {
  in_background map.log bash -c "seq 100 | ipmap --sh 'sleep 60; echo {}'" >pid
  wait_until 20 "tasks wait" tasks_wait
  cancel --all
  assert_status 0
  wait_until 20 "the map has ended" is_gone "$(<pid)"
  [[ $(<map.log) == *"withdrawn before it ran"* ]] || fail "$(<map.log)"
  wait_until 20 "nothing runs and nothing waits" none_left
}

@test "-s: what runs gets the signal, also a kernel that ignores interrupts" {
  j=$(run_limited 20 ipexec -n -t 0 -a "
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
open('$BATS_TEST_TMPDIR/deaf', 'w').close()
time.sleep(60)")
  wait_until 20 "the code runs" started deaf
  cancel -s KILL -t 0
  assert_status 0
  assert_output ""
  assert_equal "$(states "$j")" error
  j=$(long_job)
  cancel -s SIGINT -t 0
  assert_status 0
  assert_equal "$(states "$j")" error
  j=$(long_job)
  cancel -s 2 "$j"
  assert_status 0
  assert_equal "$(states "$j")" error
}

@test "a signal is not for one job, and has to exist" {
  cancel -s KILL job:x
  assert_status 64
  assert_stderr --partial "not to one job; say on which engines: ipcancel -s KILL -t SET"
  cancel -s KILL --all
  assert_status 64
  cancel -s NOSUCH -t 0
  assert_status 64
  assert_stderr --partial "'NOSUCH' is no signal"
}

@test "no job, no word, no engine, what does not go together" {
  cancel
  assert_status 64
  assert_stderr --partial "no job named"
  IPKIT_TARGETS=0 cancel
  assert_status 64
  cancel ""
  assert_status 64
  cancel nosuch
  assert_status 64
  cancel -t 7
  assert_status 68
  local -a pairs=("-t 0 job:x" "--all job:x" "--all -t 0" "--hub" "--shutdown --hub -t 0"
    "--shutdown job:x" "--shutdown --all" "--shutdown -s INT" "--timeout soon --all")
  for words in "${pairs[@]}"; do
    # shellcheck disable=SC2086 # the words are split on purpose
    cancel $words
    assert_status 64
  done
  run --separate-stderr run_limited 20 bash -c 'echo some text | ipcancel -'
  assert_status 65
}

@test "the stage before failed" {
  run --separate-stderr run_limited 20 bash -c 'ipexec -n -t 9 -a pass | ipcancel -'
  assert_status 1
  assert_stderr --partial "the command before it failed"
}

# a_cluster N: another one, of this test.
a_cluster() {
  export IPKIT_CLUSTER_ID=other
  run_limited 60 ipcluster start -n "$1" --daemonize >/dev/null
}

engines_are() { [[ "$(timeout 10 ipls | xargs)" == "$1" ]]; }

@test "--shutdown -t: these engines end" {
  a_cluster 2
  cancel --shutdown -t 0
  assert_status 0
  assert_output ""
  wait_until 20 "one engine is left" engines_are 1
  cancel --shutdown --timeout 10s
  assert_status 0
  wait_until 20 "none is left" engines_are ""
  run_limited 20 ipcluster stop
}

@test "--shutdown --hub: nothing is left" {
  a_cluster 1
  j=$(long_job 0)
  cancel --shutdown --hub
  assert_status 0
  assert_output ""
  run --separate-stderr run_limited 20 ipls
  assert_status 69
  cancel --shutdown --hub
  assert_status 69
}
