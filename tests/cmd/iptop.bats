#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# iptop: as text, and on a screen of tmux with keys pressed.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }
teardown() { tmux_ kill-server 2>/dev/null || true; }

top_() { run --separate-stderr run_limited 20 iptop "$@"; }

# A server of the test's own, which knows nothing of anybody's settings.
tmux_() { run_limited 10 tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@"; }

# open_top: iptop on a screen of 80x24.
open_top() {
  command -v tmux >/dev/null || skip "no tmux: scripts/setup check installs it"
  # Ctrl-C is for all that run there: the shell shall tell what came of it.
  tmux_ new-session -d -x 80 -y 24 \
    'trap : INT; TERM=screen iptop -d 200ms; echo "ended: $?"; exec cat'
}

screen() { tmux_ capture-pane -p; }
# shows TEXT: it is on the screen, soon.
shows() { wait_until 15 "" screen_has "$1" || { screen; fail "not on the screen: $1"; }; }
screen_has() { screen | grep -qE -- "$1"; }
# hides TEXT: it is not, soon.
hides() { wait_until 15 "" screen_lacks "$1" || { screen; fail "still on the screen: $1"; }; }
screen_lacks() { ! screen_has "$1"; }
press() { tmux_ send-keys "$@"; }

# busy ENGINE NAME: a task that runs there until the file NAME is there; its word.
busy() { run_limited 20 ipsubmit --label "$2" -t "$1" "$(held "$2")"; }

@test "--once: a line for each engine" {
  top_ --once
  assert_status 0
  assert_line -n 0 --regexp '^id +host +state +queue +completed +failed +memory +age +task$'
  assert_line -n 1 --regexp '^ 0 +[^ ]+ +(idle|busy) +[0-9]+ +[0-9]+ +[0-9]+ +[0-9.]+[KMG] '
  assert_equal "${#lines[@]}" 3
}

@test "--json: what runs, since when, memory" {
  busy 1 held-task >word
  wait_until 10 "engine 1 to run it" running 1
  top_ --json
  assert_status 0
  assert_equal "${#lines[@]}" 2
  assert_equal "$(jq -c '[.engine, .state, .running.task]' <<<"${lines[1]}")" \
    '[1,"busy","held-task"]'
  assert_equal "$(jq -r .running.id <<<"${lines[1]}")" "$(<word)"
  assert_equal "$(jq '.running.seconds >= 0 and .rss > 1e6' <<<"${lines[1]}")" true
  assert_equal "$(jq .running <<<"${lines[0]}")" null
  top_ --once --sort age
  assert_line -n 1 --regexp '^ 1 .* held-task$'
  top_ --json --filter held-task
  assert_equal "$(jq .engine <<<"$output")" 1
  top_ --json -t 0
  assert_equal "$(jq .engine <<<"$output")" 0
  touch held-task
  run_limited 20 ipwait "$(<word)"
}
running() { iptop --json -t "$1" | jq -e .running.id >/dev/null; }

@test "memory is that of the kernel as well" {
  run_limited 20 ipexec -n -t 0 'much = b"x" * 200_000_000'
  top_ --json -t 0
  assert_equal "$(jq '.rss > 200e6' <<<"$output")" true
  run_limited 20 ipexec -n -t 0 'del much'
}

@test "what is wrong" {
  top_
  assert_status 64
  assert_stderr --partial "no terminal; give --once or --json"
  top_ --once --sort colour
  assert_status 64
  assert_stderr --partial "there are: id host state"
  top_ --once 3
  assert_status 64
  top_ --once -t 9
  assert_status 68
}

@test "a screen: engines, their tasks, sorted and filtered" {
  busy 1 second-task >word
  open_top
  shows '^iptop  controller [0-9]+ on '
  shows '^engines 2 \(1 busy\)'
  shows '^ +1 .*busy .* second-task'
  shows '^ +id host .* task *$'
  assert_equal "$(screen | wc -l)" 24
  press s
  shows '^sorted by host'
  press S
  shows '^sorted by id'
  press r
  shows '^sorted by id, reversed'
  wait_until 10 "engine 1 above engine 0" first_is 1
  press /
  press -l second
  shows '^filter: second_'
  hides '^ +0 '
  press Enter
  shows 'filter: second \(1\)'
  press Escape
  shows '^ +0 '
  press '?'
  shows 'choose an engine'
  press q
  hides 'choose an engine'
  touch second-task
  shows '^engines 2 \(0 busy\)'
  hides second-task
  press q
  shows '^ended: 0'
  run_limited 20 ipwait "$(<word)"
}
first_is() { [[ $(screen | sed -n 5p) =~ ^\ +$1\  ]]; }

@test "a screen: interrupt a task, kill a kernel, follow output" {
  busy 0 third-task >word
  open_top
  shows ' third-task'
  press i
  shows "^interrupt 'third-task' on engine 0\\? y/n"
  press n
  hides '^interrupt'
  press i
  shows '^interrupt'
  press y
  shows '^engine 0: interrupted'
  hides ' third-task'
  run run_limited 20 ipwait "$(<word)"
  assert_status 1
  press Enter
  shows '^output of engine 0'
  # What is printed before it listens is not shown: again and again, then.
  wait_until 20 "printed lines" printed || { screen; fail "no output"; }
  press Escape
  shows '^ +id host'
  run_limited 20 ipexec -n -t 0 'kept = 1'
  press K
  shows '^kill the kernel of engine 0'
  press y
  shows '^engine 0: kernel killed'
  wait_until 20 "a new kernel" new_kernel
  press q
  shows '^ended: 0'
}
printed() {
  run_limited 20 ipexec -n -t 0 'print("hello", "from", "afar")' >/dev/null
  screen_has '^hello from afar'
}
new_kernel() { [[ $(timeout 10 ipexec -n -t 0 -p '"kept" in globals()' 2>/dev/null) == false ]]; }

@test "a screen: larger, smaller; engines that come; the controller goes" {
  open_top
  shows '^engines 2 '
  tmux_ resize-window -x 120 -y 40
  shows '^ +1 '
  tmux_ resize-window -x 40 -y 8
  shows '^ +id host'
  press End
  shows '^ +1 '
  tmux_ resize-window -x 80 -y 24
  in_background "$WORLD/third.log" "$IPKIT_BUILD/bin/ipengine" >pid
  shows '^engines 3 '
  kill "$(<pid)"
  shows '^engines 2 '
  press C-c
  shows '^ended: 130'
}
