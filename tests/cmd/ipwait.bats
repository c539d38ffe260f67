#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipwait: jobs (R5), engines, limits (R14).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

await() { run --separate-stderr run_limited 20 ipwait "$@"; }

@test "words of all engines, as \$(…) gives them" {
  j=$(run_limited 20 ipexec -n -a 'import time; time.sleep(0.2); finished = 1')
  assert_equal "$(wc -l <<<"$j")" 2
  # shellcheck disable=SC2086 # the words are split on purpose
  await $j
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(run_limited 20 ippull -n -t 0 finished)" 1
  await "$j"
  assert_status 0
}

@test "commas, lines on standard input" {
  j=$(run_limited 20 ipexec -n -a 'pass')
  await "${j//$'\n'/,}"
  assert_status 0
  run --separate-stderr run_limited 20 bash -c "ipexec -n -a pass | tee words | ipwait -"
  assert_status 0
  assert_equal "$(wc -l <words)" 2
  sed -i 's/$/ more text/' words
  await - <words
  assert_status 0
}

@test "-p prints job, engine and status of each" {
  j=$(run_limited 20 ipexec -n -a 'import sys; 1/0')
  # shellcheck disable=SC2086
  await -p $j
  assert_status 1
  assert_equal "${#lines[@]}" 2
  assert_line --regexp '^job:[^ ]+ 0 error$'
  assert_line --regexp '^job:[^ ]+ 1 error$'
}

@test "a job that failed: 1, and which" {
  j=$(run_limited 20 ipexec -n -t 0 -a '1/0')
  await "$j"
  assert_status 1
  assert_output ""
  assert_stderr "ipwait: $j failed"
  await -q "$j"
  assert_status 1
  assert_stderr ""
}

@test "no operand, an empty one: 64, never a read" {
  await
  assert_status 64
  assert_stderr --partial "no job named"
  await ""
  assert_status 64
  assert_stderr --partial "no job named"
  run --separate-stderr run_limited 20 bash -c 'until [[ -e ended ]]; do sleep 0.05; done |
    { ipwait; echo $? >ended; }'
  assert_equal "$(<ended)" 64
}

@test "no such job, not a word" {
  await job:nosuch
  assert_status 66
  assert_stderr --partial "no such job: job:nosuch"
  await nosuch
  assert_status 64
  run --separate-stderr run_limited 20 bash -c 'echo some text | ipwait -'
  assert_status 65
}

@test "--timeout gives up, the job goes on" {
  j=$(run_limited 20 ipexec -n -t 0 -a "$(held go 'late = 1')")
  await --timeout 200ms "$j"
  assert_status 124
  assert_stderr --partial "timed out: 0 done, 1 not"
  touch go
  await "$j"
  assert_status 0
  assert_equal "$(run_limited 20 ippull -n -t 0 late)" 1
}

@test "--timeout 0: is it ready?" {
  j=$(run_limited 20 ipexec -n -t 0 -a "$(held go)")
  await --timeout 0 "$j"
  assert_status 124
  touch go
  await "$j"
  await --timeout 0 "$j"
  assert_status 0
  assert_stderr ""
}

@test "-n N waits for engines" {
  await -n 2
  assert_status 0
  assert_output ""
  await -n 3 --timeout 200ms
  assert_status 124
  assert_stderr --partial "2 of 3 engines"
  await -n 2 job:x
  assert_status 64
  await -n two
  assert_status 64
  assert_stderr --partial "'two' is no number of engines"
}

@test "-n: shares of what ipcluster was asked for, and predicates" {
  for goal in 100% 'engines>=80%' 'engines >= 2' 'engines>1' 'engines>50%'; do
    await -n "$goal"
    assert_status 0
    assert_output ""
    assert_stderr ""
  done
  await -n 'engines>100%' --timeout 100ms
  assert_status 124
  assert_stderr --partial "2 of 3 engines"
  for goal in 101% % 'engines=2' 'engines' 'load<2' -1 ''; do
    await -n "$goal"
    assert_status 64
    assert_stderr --partial "is no number of engines"
  done
}

@test "-n N%: without ipcluster nobody knows of what" {
  cp "$IPYTHONDIR/profile_default/security/ipcontroller-client.json" mine.json
  await --connection "$PWD/mine.json" -n 50%
  assert_status 66
  assert_stderr --partial "percent of what?"
  assert_stderr --partial "ipwait -n 8"
  await --connection "$PWD/mine.json" -n 2
  assert_status 0
  mkdir -p other/security
  cp mine.json other/security/ipcontroller-x-client.json
  await --profile-dir "$PWD/other" --cluster-id x -n 50%
  assert_status 66
  assert_stderr --partial "no ipcluster has started these engines"
}

@test "--any: until the first has ended, whose status counts" {
  slow=$(run_limited 20 ipexec -n -t 0 -a 'import time; time.sleep(300)')
  bad=$(run_limited 20 ipexec -n -t 1 -a 'import time; time.sleep(0.2); 1/0')
  await --any -p "$slow" "$bad"
  assert_status 1
  assert_output "$bad 1 error"
  good=$(run_limited 20 ipexec -n -t 1 -a 'pass')
  await --any "$slow" "$good" "$good"
  assert_status 0
  assert_output ""
  assert_stderr ""
  # Of several that have ended the first named.
  await --any -p "$slow" "$good" "$bad"
  assert_status 0
  assert_output "$good 1 ok"
  await --any -p "$bad,$good"
  assert_status 1
  assert_output "$bad 1 error"
  await --any --timeout 0 "$slow"
  assert_status 124
  assert_stderr --partial "none of 1 done"
  await --any job:nosuch "$slow"
  assert_status 66
  run_limited 20 ipcancel "$slow"
}

@test "--any, --all, -n and -p: what goes together" {
  await --any --all job:x
  assert_status 64
  await --any -n 2
  assert_status 64
  await -p -n 2
  assert_status 64
  await --all "$(run_limited 20 ipexec -n -t 0 -a pass)"
  assert_status 0
}

@test "on a terminal: how many of how many" {
  j=$(run_limited 20 ipexec -n -t 0 -a 'pass')
  k=$(run_limited 20 ipexec -n -t 1 -a "$(held go)")
  TERM=xterm timeout 40 script -qefc "ipwait $j $k" shown >/dev/null 3>&- &
  wait_until 20 "the progress" grep -qs "1/2 50%" shown
  touch go
  wait $!
  TERM=xterm timeout 40 script -qefc "ipwait -n 4" shown >/dev/null 3>&- &
  wait_until 20 "the progress" grep -qs "2/4 50%" shown
  kill $!
  wait $! || true
  TERM=xterm run run_limited 20 script -qec "ipwait -q --timeout 1.5 -n 4" /dev/null
  refute_output --partial "2/4"
}

@test "-t is not the time" {
  await -n 2 -t 60
  assert_status 64
  assert_stderr --partial "--timeout"
}

@test "the stage before failed" {
  run --separate-stderr run_limited 20 bash -c 'ipexec -n -t 9 -a pass | ipwait -'
  assert_status 1
  assert_stderr --partial "the command before it failed"
}
