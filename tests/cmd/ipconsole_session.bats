#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A session with ipconsole, screen by screen, as recorded in tests/data/screens.

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
  export XDG_STATE_HOME=$PWD/state
  run_limited 20 ipclear
}
teardown() { screen_stop; }

# Numbers of inputs: engines count those of earlier tests, too.
masked() { steady | sed -E 's/Out\[[0-9]+\]/Out[N]/'; }

@test "a session of 80x24: values, blocks, errors, completion, targets, a shell, the end" {
  session ipconsole_small
  screen_start 80 24 ipconsole
  wait_for_prompt
  step "the first prompt"
  put 'from math import sqrt'
  put 'sqrt(16)'
  type_line 'for i in range(2):'
  wait_for '^    $|range\(2\):$'
  type_text 'print("line", i)'
  step "a block that is not complete"
  keys Enter
  keys Enter
  wait_for '^1: line 1'
  wait_for_prompt
  step "a value, and output of both"
  put 'sqrt(-1)'
  step "an error, once"
  put '%targets 1'
  put 'sqrt_of_two = sqrt(2); sqrt_of_nine = sqrt(9)'
  keys -l 'sqrt_o'
  wait_for 'sqrt_o$'
  keys Tab
  wait_for 'sqrt_of_$'
  keys Tab
  wait_for '^sqrt_of_nine '
  step "what Tab offers"
  keys -l 'ni'
  wait_for 'sqrt_of_ni$'
  keys Tab
  wait_for '^1> sqrt_of_nine$'
  keys Enter
  wait_for_prompt
  # shellcheck disable=SC2016 # the engine's shell computes it
  put '!echo "a shell: $((6 * 7))"'
  step "the chosen one, and its shell"
  keys C-d
  wait_for '^\[status 0\]$'
  step "the end"
  session_end
}

@test "a larger terminal, a smaller one, and a line longer than that" {
  session ipconsole_sizes
  screen_start 132 43 ipconsole -t 0
  wait_for_prompt
  put 'words = "the quick brown fox jumps over the lazy dog and runs away into the wood".split()'
  local long='len(words), max(words, key=len), sorted(words)[:3], [len(word) for word in words]'
  put "$long, sum(len(word) for word in words)"
  step "long lines in a wide terminal"
  resize 60 20
  wait_for_prompt
  put 'words[0]'
  step "after it was made narrow"
  keys -l 'print("a line that does not fit into sixty columns, as one sees", 1)'
  wait_for 'sees", 1\)$'
  step "a line of two rows"
  keys Enter
  wait_for_prompt
  resize 132 43
  wait_for_prompt
  put 'words[-1]'
  step "wide again"
  keys C-d
  wait_for '^\[status 0\]$'
  session_end
}

@test "questions, code that is interrupted, work left in the background" {
  session ipconsole_work
  screen_start 80 24 ipconsole -t 0
  wait_for_prompt
  type_line 'name = input("who is there? ")'
  wait_for '^who is there\?$'
  step "a question"
  type_line 'me'
  wait_for_prompt
  put 'name'
  put 'import os, time; os.chdir("'"$BATS_RUN_TMPDIR"'") or print("there")'
  keys C-l
  wait_for_prompt
  type_line 'open("begun", "w").close(); time.sleep(100)'
  wait_until 30 "the code to run" test -e "$BATS_RUN_TMPDIR/begun"
  keys C-c
  wait_for '^KeyboardInterrupt|: KeyboardInterrupt'
  wait_for_prompt
  step "Ctrl-C"
  put '%px -a 6 * 7'
  put '%result'
  put '%jobs'
  step "a job, and what became of it"
  keys C-d
  wait_for '^\[status 0\]$'
  session_end
}
