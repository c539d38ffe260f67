#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A session with iptop, screen by screen, as recorded in tests/data/screens.

load ../lib/cluster
load ../lib/terminal

setup() {
  command -v tmux >/dev/null || skip "no tmux: scripts/setup check installs it"
  # What has been done is counted on the screen: a cluster of its own for each.
  world_make
  world_enter
  cluster_start 2
}
teardown() {
  screen_stop
  cluster_stop
}

# The numbers that are different each time, by their names; what an engine repeats, once.
masked() {
  sed -E -e 's/controller [0-9]+ on [^, ]+/controller PID on HOST/' \
    -e 's/, up [0-9.dhms]+, [0-9.]+[KMG]/, up TIME, MEM/' -e 's|  [0-9.]+/s$|  RATE/s|' \
    -e 's/^( *[0-9]+) .{12} (.{5} .{5} .{5} .{4}) .{6} .{5} /\1 HOST         \2   RATE   MEM /' \
    -e 's/^(.*   RATE   MEM ) {0,3}[0-9][0-9.dhms]*( |$)/\1  AGE\2/' |
    awk '$0 == "hello from afar" && repeated++ { $0 = "" } 1'
}

# busy ENGINE NAME [CODE]: a task that runs there until the file NAME is there.
busy() { run_limited 20 ipsubmit --label "$2" -t "$1" "$(held "$2" "${3-}")" >"$2.word"; }

top_() { screen_start "$1" "$2" iptop -d 200ms; }

@test "a session of 80x24: tasks, keys, filter, interrupt, output, the end" {
  busy 1 a-long-task
  session iptop_small
  top_ 80 24
  wait_for ' a-long-task$'
  step "two engines, one has a task"
  keys '?'
  wait_for 'choose an engine'
  step "the keys"
  keys q
  keys s
  keys r
  wait_for 'sorted by host, reversed'
  step "sorted otherwise"
  keys r S /
  wait_for '^filter: _'
  keys -l 'long'
  wait_for '^filter: long_'
  step "a filter is typed"
  keys Enter
  wait_for '^ +1 '
  keys i
  wait_for 'y/n$'
  step "it asks first"
  keys y
  wait_for 'engine 1: interrupted'
  keys Escape
  wait_for '^ +0 .* idle '
  step "interrupted"
  busy 0 heard "import os, time
while not os.path.exists('$PWD/enough'): print('hello from afar'); time.sleep(.05)"
  touch heard
  keys Home Enter
  wait_for '^hello from afar$'
  step "the output of an engine"
  touch enough
  keys Escape
  wait_for '^ +id host'
  wait_for 'engines 2 \(0 busy\)'
  step "all done"
  keys q
  wait_for '^\[status 0\]$'
  session_end
}

@test "a session of 120x40, made smaller than its rows, and large again; the controller goes" {
  busy 0 'a task whose name needs more room than a terminal of eighty columns has for it'
  session iptop_sizes
  top_ 120 40
  wait_for 'a task whose name'
  step "wide"
  resize 80 24
  step "as usual"
  resize 72 7
  keys End
  step "hardly anything"
  resize 120 40
  step "wide again"
  touch 'a task whose name needs more room than a terminal of eighty columns has for it'
  wait_for 'engines 2 \(0 busy\)'
  step "done"
  run_limited 30 ipcluster stop
  wait_for '^\[status [0-9]+\]$'
  step "the controller has gone"
  session_end
}
