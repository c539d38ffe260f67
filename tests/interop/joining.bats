#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# An engine of ipyparallel's that joins our cluster while our programs are at work there.
load ../lib/cluster
load client
load pairs

setup_file() {
  world_make
  find_ipyparallel
  start_controller ours
  start_engine ours 0
  wait_until 60 "our engine" engines_answer 1 || { world_show_logs; return 1; }
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

@test "a map that began before it came is not given to it; one that begins later is" {
  mkfifo items
  run_limited 100 ipmap --chunk 1 --json 'x + 1' <items >results 2>errors 3>&- &
  local map=$!
  exec 4>items
  seq 5 >&4
  wait_until 20 "first results" bash -c '(($(wc -l <results) == 5))'
  start_engine real 1
  wait_until 60 "the other engine" engines_answer 2 || { world_show_logs; return 1; }
  seq 6 200 >&4
  exec 4>&-
  local status=0
  wait "$map" || status=$?
  ((status == 0)) || { cat errors && return 1; }
  assert_equal "$(jq .value results)" "$(seq 2 201)"
  assert_equal "$(jq .engine results | sort -u)" 0
  quick bash -c 'seq 40 | ipmap --chunk 1 --json "(__import__(\"time\").sleep(0.01), x)[1]"'
  assert_status 0
  assert_equal "$(jq .engine <<<"$output" | sort -u)" $'0\n1'
}

@test "what waits for one of ours says so when there is none" {
  run_limited 60 ipmap -q 'x' ::: 1 >/dev/null
  mkfifo items
  run_limited 100 ipmap --retries 1 -x 1 --chunk 1 'x' <items >results 2>errors 3>&- &
  local map=$!
  exec 4>items
  echo 1 >&4
  wait_until 20 "the first result" test -s results
  kill "$(<"$WORLD/engine-0.pid")"
  wait_until 30 "the table" bash -c '[[ $(ipls) == 1 ]]'
  exec 4>&-
  wait "$map"
  quick ipmap -t 0 'x' ::: 1
  assert_status 68
}

@test "a task with values to push or pull is not given to it" {
  local plain busy=() task
  start_engine ours 2
  wait_until 60 "our engine" engines_answer 2 || { world_show_logs; return 1; }
  kill "$(<"$WORLD/engine-1.pid")"
  wait_until 30 "the table" bash -c '[[ $(ipls) == 2 ]]'
  # As many as our engine takes, and more.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    busy+=("$(run_limited 20 ipsubmit --sh "until [ -e '$PWD/free' ]; do sleep 0.02; done")")
  done
  task=$(run_limited 20 ipsubmit --push a=41 --pull a 'a += 1; print("ran")')
  start_engine real 3
  wait_until 60 "the other engine" engines_answer 2 || { world_show_logs; return 1; }
  # What anybody understands runs there, though it came later.
  plain=$(run_limited 20 ipsubmit 'print("plain")')
  quick ipresult "$plain"
  assert_output plain
  quick ipwait --timeout 0 "$task"
  assert_status 124
  touch free
  quick ipresult "$task"
  assert_status 0
  assert_output $'ran\n42'
  task=$(run_limited 20 ipresult --resubmit "$task")
  quick ipresult "$task"
  assert_output $'ran\n42'
  quick ipwait "${busy[@]}"
  assert_status 0
}
