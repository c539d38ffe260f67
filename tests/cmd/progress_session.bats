#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Progress on a terminal: lines of ipcluster and ipmap, screen by screen, as recorded in
# tests/data/screens.

load ../lib/cluster
load ../lib/terminal

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  command -v tmux >/dev/null || skip "no tmux: scripts/setup check installs it"
}
teardown() { screen_stop; }

# Times, rates and engines by their names.
masked() {
  sed -E -e 's/[0-9]+:[0-9]{2}( left)?/TIME\1/g' -e 's|[0-9.]+/s|RATE/s|g' \
    -e 's/engine [0-9]/engine N/'
}

# Items 1-4; each waits for a file of its name.
items() {
  local code='import os, time
def ready(x):
    while not os.path.exists("'$PWD'/go-%d" % x): time.sleep(.01)
    if x == 3: raise ValueError("three")
    return "item %d" % x'
  run_limited 20 ipexec -n "$code"
}

@test "ipmap --bar --eta: half of it, a failure, the end; narrow and wide" {
  items
  session ipmap_progress
  screen_start 80 24 ipmap --chunk 1 --bar --eta 'ready(x)' ::: 1 2 3 4
  wait_for '0/4 0%'
  step "nothing yet"
  touch go-1 go-2
  wait_for '2/4 50%.*left'
  step "half of it"
  resize 40 10
  step "no room for the bar"
  touch go-3
  wait_for '3/4 75%, 1 failed'
  resize 100 30
  step "a failure"
  touch go-4
  wait_for '^\[status 1\]$'
  step "the end: the line has gone"
  session_end
}

@test "ipcluster start in a terminal, Ctrl-C" {
  session ipcluster_progress
  screen_start 80 24 ipcluster start -n 2 --cluster-id=other
  wait_for '2 engines ready'
  step "ready"
  keys C-c
  wait_for '\[status [0-9]+\]$'
  step "stopped"
  session_end
}

@test "ippush of something large to an engine that is busy: how much it has" {
  head -c 8000000 /dev/zero >large
  run_limited 20 ipsubmit -t 0 "$(held go)" >word
  wait_until 20 "a busy engine" is_busy
  session ippush_progress
  screen_start 80 24 ippush -t 0 value=@large
  wait_for '/8.0 MB'
  step "nothing yet"
  touch go
  wait_for '^\[status 0\]$'
  step "the end: the line has gone"
  session_end
  screen_stop
  run_limited 20 ipexec -n -t 0 -p 'len(value)' >length
  assert_equal "$(<length)" 8000000
}
is_busy() { [[ $(ipstat -t 0 | tail -n +2 | head -n 1) == *busy* ]]; }

@test "where there is no terminal: a line every ten seconds if it was asked for, none with -q" {
  items
  seq 2 | run_limited 60 ipmap --chunk 1 --bar 'ready(x)' 2>lines >results &
  local told=$!
  seq 2 | run_limited 60 ipmap --chunk 1 --bar -q 'ready(x)' 2>quiet >/dev/null &
  wait_until 30 "a line" test -s lines
  touch go-1 go-2
  wait "$told" "$!"
  assert_equal "$(masked <lines)" "ipmap: 0/2 0%  TIME"
  assert_equal "$(<quiet)" ""
  assert_equal "$(<results)" $'item 1\nitem 2'
}
