#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipkernel behind Jupyter's own front ends: the client library, jupyter console at a terminal,
# nbconvert, qtconsole offscreen.

load ../lib/cluster
load ../lib/terminal

setup_file() {
  world_make
  export XDG_STATE_HOME=$WORLD/state XDG_CACHE_HOME=$WORLD/cache
  # No stray settings or kernels of the machine's.
  unset JUPYTER_PATH JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR JUPYTER_CONFIG_DIR XDG_DATA_HOME
  cluster_start 3
}
teardown_file() {
  cluster_stop
}
setup() {
  world_enter
  if (($(ipls 2>/dev/null | wc -l) < 3)); then # a test before this one has ended some
    run_limited 30 ipcluster stop || true
    run_limited 60 ipcluster start -n 3 --daemonize
  fi
  run_limited 20 ipclear
  KERNEL=
}
teardown() {
  screen_stop
  if [[ -n $KERNEL ]]; then kill "$KERNEL" 2>/dev/null || true; fi
}

# kernel OPTION…: an ipkernel in the background, its connection file in $FILE.
kernel() {
  FILE=$PWD/kernel.json
  KERNEL=$(in_background "$PWD/kernel.log" "$IPKIT_BUILD/bin/ipkernel" -f "$FILE" "$@")
  wait_until 30 "the kernel's file" test -s "$FILE" || { cat kernel.log; return 1; }
}
front_end() { run_limited 120 /usr/bin/python3 "$ROOT/tests/interop/front_end.py" "$FILE" "$@"; }
# at_prompt: until jupyter console waits for a cell. enter TEXT: one, until the next.
at_prompt() {
  wait_until 60 "a prompt" last_line_is '^In \[[0-9]+\]:$' || { screen; return 1; }
}
enter() {
  keys -l -- "$1"
  keys Enter
  wait_until 30 "what was typed to run" not_typing "$1" || { screen; return 1; }
  at_prompt
}
not_typing() { ! last_line_has "$1"; }
kernel_ends() { ! state_of "$KERNEL" >/dev/null || [[ $(state_of "$KERNEL") == Z* ]]; }

@test "cells: output live and in order, results, errors, expressions, silent ones" {
  kernel -t 0
  front_end cells
}

@test "questions: completion, help, is it complete, history, ports" {
  kernel -t 0
  front_end questions
}

@test "rich output keeps its types and its name" {
  kernel -t 0
  front_end rich
}

@test "cells behind one that fails are not run, unless that is wanted" {
  kernel -t 0
  front_end stop_on_error
}

@test "an interrupt reaches the code, in Python and in the shell" {
  kernel -t 0
  front_end interrupt
}

@test "input() and getpass() ask the front end; debuggers and %prun work" {
  kernel -t 0
  front_end asking debugging
}

@test "several engines: labels, %%px, targets, programs, what each shows and asks" {
  kernel
  front_end several
}

@test "a kernel process that dies is an error, a controller that goes too, and a new one is found" {
  kernel -t 0
  front_end death
  run_limited 30 ipcluster stop
  front_end gone
  run_limited 60 ipcluster start -n 3 --daemonize
  front_end again
}

@test "who has not the key is not heard, nor a message twice" {
  kernel -t 0
  front_end strangers
}

@test "shutdown ends the kernel and its file, and no engine; unless they are its own" {
  kernel -t 0
  ipexec -t 0 'here = 1'
  front_end shutdown
  wait_until 20 "the kernel's end" kernel_ends
  [[ ! -e $FILE ]]
  run run_limited 10 ippull -t 0 here
  assert_output 1
  kernel -t 0 --own-engines
  front_end restart
  wait_until 20 "the kernel's end" kernel_ends
  run run_limited 10 ipexec -t 0 -p '"here" in dir()'
  assert_output false
  kernel -t 2 --own-engines
  front_end shutdown
  wait_until 20 "the kernel's end" kernel_ends
  two_engines() { (($(ipls | wc -l) == 2)); }
  wait_until 20 "the engine's end" two_engines
}

@test "jupyter console: a session at a terminal" {
  kernel -t 0
  screen_start 100 40 jupyter console --existing "$FILE" --no-confirm-exit
  at_prompt
  enter 'x = 6; print("printed")'
  shows '^printed$'
  enter 'x * 7'
  shows '^Out\[[0-9]+\]: 42$'
  keys -l 'input("who? ")'
  keys Enter
  wait_until 30 "the question" last_line_is '^who\?$'
  enter 'me'
  shows "^Out\[[0-9]+\]: 'me'$"
  enter '1/0'
  shows '^ZeroDivisionError: division by zero'
  enter '%px -t 1-2 print("on others")'
  shows '^\[stdout:2\] on others'
  keys -l "open('$PWD/begun', 'w'); import time; time.sleep(100)"
  keys Enter
  wait_until 30 "the code to run" test -e begun
  keys C-c
  at_prompt
  shows '^KeyboardInterrupt'
  keys C-d
  wait_for '^\[status 0\]$'
  [[ -n $(state_of "$KERNEL") ]]
}

@test "nbconvert runs a notebook on the kernel that was installed" {
  run_limited 20 ipkernel install --name all-engines
  run_limited 200 jupyter nbconvert --to notebook --execute --allow-errors \
    --ExecutePreprocessor.timeout=120 --output ran.ipynb --output-dir "$PWD" \
    "$ROOT/tests/data/ipkernel.ipynb"
  jq -r '.cells[] | select(.cell_type == "code") | .outputs[] |
    if .output_type == "stream" then .text | join("")
    elif .output_type == "error" then "error " + .ename
    else .data | keys | join(" ") end' ran.ipynb >seen
  assert_equal "$(grep -c '^\[stdout:[0-2]\] everywhere' seen)" 3
  assert_equal "$(grep -c '^only here' seen)" 1
  assert_equal "$(grep -c '^error ZeroDivisionError' seen)" 1
  assert_equal "$(grep -c '^image/png' seen)" 3
  run jq -r '[.cells[].outputs[]? | select(.output_type == "display_data") |
    .data["text/plain"] | if type == "array" then join("") else . end | select(test("^Out"))] |
    length' ran.ipynb
  assert_output 3
  none() { [[ -z $(pgrep -f "$IPKIT_BUILD/bin/ipkernel") ]]; }
  wait_until 20 "the kernel's end" none
  # An error ends the run where nobody allows it.
  run run_limited 200 jupyter nbconvert --to notebook --execute --output-dir "$PWD" \
    --ExecutePreprocessor.timeout=120 "$ROOT/tests/data/ipkernel.ipynb"
  ((status != 0))
  assert_output --partial "ZeroDivisionError"
  run_limited 20 ipkernel uninstall --name all-engines
}

@test "qtconsole shows what a cell prints" {
  kernel -t 0
  QT_QPA_PLATFORM=offscreen run run_limited 120 /usr/bin/python3 \
    "$ROOT/tests/interop/qtconsole_session.py" "$FILE"
  assert_status 0
  assert_output --regexp 'Out\[[0-9]+\]: 42'
}
