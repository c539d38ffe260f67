#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The manuals' examples of the task interface, on four engines.

load typed

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# jobs COUNT OPTION… CODE: that many tasks; sets job to their words.
jobs() {
  local count=$1 _
  shift
  job=()
  for _ in $(seq "$count"); do job+=("$(run_limited 20 ipsubmit "$@")"); done
}

# tenth_powers N: of 0 to N-1.
tenth_powers() { compute 'import sys
for x in range(int(sys.argv[1])): print(x**10)' "$1"; }

@test "x**10, balanced, over 0 to 15 and 0 to 31" {
  typed "seq 0 15 | ipmap 'x**10'"
  assert_output "$(tenth_powers 16)"
  typed "seq 0 31 | ipmap 'lambda x: x**10'"
  assert_output "$(tenth_powers 32)"
}

@test "one task: its id, a barrier, its result" {
  typed "ipsubmit -p '10*10'"
  assert_output --regexp '^job:[^ ]+$'
  task=$output
  typed "ipwait $task"
  assert_output ""
  typed "ipresult $task"
  assert_output 100
}

@test "a task of text, with values in and out, that leaves nothing" {
  typed "task=\$(ipsubmit --push a=5 --pull d --pull 'a+1' --clear-after 'd = a**2') &&
    ipresult \$task && ipls --names"
  assert_output $'25\n6'
}

@test "waiting has a limit; the work goes on" {
  jobs 1 -p "import os, time
while not os.path.exists('$PWD/go'): time.sleep(0.02)
'finished'"
  run_typed "ipwait --timeout 200ms ${job[*]}"
  assert_status 124
  assert_output ""
  assert_stderr --partial "timed out"
  touch go
  typed "ipwait ${job[*]} && ipresult ${job[*]}"
  assert_output finished
}

@test "eight tasks, waited for together, run four at a time" {
  # Of each four, all wait for the last one.
  local all=() round
  for round in 1 2; do
    jobs 4 "import glob, os, time
open('$PWD/$round.%d' % os.getpid(), 'w').close()
while len(glob.glob('$PWD/$round.*')) < 4: time.sleep(0.02)"
    all+=("${job[@]}")
  done
  job=("${all[@]}")
  typed "ipwait ${job[*]}"
  assert_equal "$(at_once "${job[@]}")" 4
  assert_equal "$(records engine "${job[@]}" | sort | uniq -c | xargs)" '2 0 2 1 2 2 2 3'
}

@test "balancing limited to engines 1 to 3" {
  typed "ipls | ipscatter --flatten me && seq 200 | ipmap -t 1-3 --chunk 1 me | sort -u"
  refute_output --partial 0
  # Each waits for the others: they end only if all three engines take one.
  jobs 3 -t 1-3 "import glob, time
open('$PWD/here.' + me, 'w').close()
while len(glob.glob('$PWD/here.*')) < 3: time.sleep(0.02)"
  typed "ipwait ${job[*]}"
  assert_equal "$(records engine "${job[@]}" | sort | xargs)" '1 2 3'
}

@test "what failed, once more" {
  jobs 1 --label flaky "import os
if not os.path.exists('$PWD/there'): raise OSError('not there yet')
print('found')"
  run_typed "ipresult ${job[*]}"
  assert_status 1
  assert_stderr --partial "OSError: not there yet"
  typed "iphistory -q --failed --where label=flaky"
  assert_output "${job[*]}"
  touch there
  typed "ipresult \$(iphistory -q --failed --where label=flaky | ipresult --resubmit -)"
  assert_output found
  typed "iphistory --tsv -o status,label,resubmitted --where label=flaky"
  assert_line -n 1 --regexp $'^error\tflaky\tjob:'
  assert_line -n 2 $'ok\tflaky\t'
}

@test "what waits is aborted, what runs goes on" {
  jobs 1 -t 2 "import os, time
while not os.path.exists('$PWD/go'): time.sleep(0.02)"
  runs=${job[0]}
  jobs 2 -t 2 'open("never", "w")'
  typed "ipcancel ${job[*]}"
  touch go
  typed "ipwait -p $runs"
  assert_output "$runs 2 ok"
  run_typed "ipwait -q ${job[*]}"
  assert_status 1
  assert_equal "$(records status "${job[@]}" | xargs)" 'aborted aborted'
  [[ ! -e never ]]
}

@test "history: who, where, when, what; and purged" {
  jobs 2 --label kept -p '"value"'
  typed "ipwait ${job[*]}"
  typed "iphistory --where label=kept --json"
  assert_equal "$(jq -r '[.status, .code, (.started <= .completed)] | @tsv' <<<"$output")" \
    $'ok\t"value"\ttrue\nok\t"value"\ttrue'
  typed "iphistory --purge ${job[0]}"
  run_typed "ipresult ${job[0]}"
  assert_status 66
  typed "ipresult ${job[1]}"
  assert_output value
  typed "iphistory --purge --all; iphistory -q"
  assert_output ""
}
