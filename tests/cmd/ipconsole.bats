#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipconsole on two engines: at a terminal, and with a script.

load ../lib/cluster
load ../lib/terminal

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  export XDG_STATE_HOME=$PWD/state
  run_limited 20 ipclear
}
teardown() { screen_stop; }

console() {
  screen_start 200 40 ipconsole "$@"
  wait_for_prompt
}
ipconsole_() { run --separate-stderr run_limited 30 ipconsole "$@"; }
script() { run --separate-stderr run_limited 30 bash -c "$1"; }

# -- at a terminal

@test "a session: blocks, values, errors once, help, shells, targets, mistakes" {
  console
  put 'x = 6'
  put '[x * 7]'
  type_line 'for i in range(2):'
  wait_for '^    $|range\(2\):$'
  type_text 'print(i)'
  keys Enter
  keys Enter
  wait_for '^1: 1'
  wait_for_prompt
  put '1/0'
  put '!echo "in $((1 + 1))"'
  put '%targets 1'
  put 'Out[2]'
  put 'print("no end", end="")'
  put 'def twice(v): return 2 * v'
  put 'twice?'
  put 'nothing?'
  put '%target 0'
  put '%targets 7'
  put '%px -t 0 x'
  keys C-d
  wait_for '^\[status 0\]$'
  assert_screen ipconsole_session
}

@test "Ctrl-C interrupts the code there, and only once it runs; the line is dropped at a prompt" {
  console
  type_line "open('$PWD/begun', 'w'); import time; time.sleep(100)"
  wait_until 30 "the code to run" test -e begun
  keys C-c
  wait_for '^0-1 \(2\): KeyboardInterrupt'
  wait_for_prompt
  type_text 'a line nobody wants'
  keys C-c
  wait_for_prompt
  put 'print("goes on")'
  shows '^1: goes on$'
}

@test "Ctrl-backslash leaves work running, which comes back by its job word" {
  console -t 0
  put 'import os, time'
  put "os.chdir('$PWD')"
  put 'there = lambda: time.sleep(.01) or os.path.exists("go")'
  type_line "open('begun', 'w'); list(iter(there, True)); print('came')"
  wait_until 30 "the code to run" test -e begun
  keys 'C-\'
  wait_for 'left running: job:'
  wait_for_prompt
  put '%jobs'
  shows '^job:[^ ]+  running  0  open'
  touch go
  type_line '%result'
  wait_for '^came$'
  wait_for_prompt
  put '%jobs'
  shows '^job:[^ ]+  done  0'
}

@test "Ctrl-D leaves; what was put into the background goes on and is named" {
  console -t 0
  put "%px -a import time; time.sleep(100)"
  shows '^job:[^ ]+$'
  put '%jobs'
  keys C-d
  wait_for '^still running, and goes on: job:'
  wait_for '^\[status 0\]$'
  local job
  job=$(screen | grep -oE 'job:[^ ]+$' | head -n 1)
  run_limited 20 ipcancel "$job"
}

@test "Tab completes from the kernel, and from the shell" {
  console -t 0
  put 'import os; a_name_of_mine = 1; a_name_of_others = 2'
  keys -l 'os.getcw'
  wait_for 'os.getcw$'
  keys Tab
  wait_for 'os.getcwd?[a-z]*$'
  keys C-c
  wait_for_prompt
  keys -l 'a_name_of_m'
  wait_for 'a_name_of_m$'
  keys Tab
  wait_for '^0> a_name_of_mine$'
  keys C-c
  wait_for_prompt
  keys -l 'a_na'
  wait_for 'a_na$'
  keys Tab
  wait_for 'a_name_of_$'
  keys Tab
  wait_for '^a_name_of_mine  +a_name_of_others$'
  keys C-c
  wait_for_prompt
  : >"$PWD/a_file_here"
  put "!cd $PWD"
  keys -l '!cat a_fi'
  wait_for 'a_fi$'
  keys Tab
  wait_for 'cat a_file_here$'
  keys C-c
  wait_for_prompt
  keys -l '%tar'
  wait_for 'tar$'
  keys Tab
  wait_for '^0> %targets$'
}

@test "the history is shared, searched, and goes through what begins the same" {
  console -t 0
  put 'first = 1'
  put 'second = 2'
  keys C-d
  wait_for '^\[status 0\]$'
  screen_stop
  console -t 1
  keys Up
  wait_for '^1> second = 2$'
  keys Up
  wait_for '^1> first = 1$'
  keys C-c
  wait_for_prompt
  keys -l 'fi'
  wait_for 'fi$'
  keys Up
  wait_for '^1> first = 1$'
  keys C-c
  wait_for_prompt
  keys C-r
  keys -l 'econ'
  wait_for 'second = 2'
  keys Enter
  wait_for_prompt
  put '%history second'
  shows '^[0-9-]+ [0-9:]+  second = 2$'
  [[ $(stat -c %a state/ipkit/console.sqlite) == 600 ]]
}

@test "input() and getpass() are answered here, one engine after the other" {
  console
  type_line 'name = input("who? ")'
  wait_for '^[01]: who\?$'
  type_line 'me'
  wait_until 30 "the second question" both_asked
  type_line 'me'
  wait_for_prompt
  put '%targets 0'
  type_line 'import getpass; word = getpass.getpass()'
  wait_for '^Password:$'
  keys -l 'secret'
  keys Enter
  wait_for_prompt
  put 'name, word == "secret"'
  shows "^Out\[[0-9]+\]: \('me', True\)$"
  ! screen | grep -vE '==|getpass' | grep -q secret || fail "the password is shown"
  type_line 'input("again? ")'
  wait_for '^again\?$'
  keys C-d
  wait_for 'EOFError'
  wait_for_prompt
  type_line 'input("once more? ")'
  wait_for '^once more\?$'
  keys C-c
  wait_for 'KeyboardInterrupt'
  wait_for_prompt
}
both_asked() { (($(screen | grep -cE '^[01]: who\?') == 2)); }

@test "what failed can be looked at with a debugger" {
  console -t 0
  put 'def inverse(v): return 1 / v'
  put 'inverse(0)'
  type_line 'import pdb; pdb.pm()'
  wait_for '^\(Pdb\)$'
  type_line 'p v + 5'
  wait_for '^5$'
  keys -l 'q'
  keys Enter
  wait_for_prompt
}

@test "%autopx: plain input in a Python of this machine, and back" {
  console
  put 'where = "there"'
  put '%autopx'
  last_line_is '^here>$'
  put 'where = "here"; where'
  shows "^Out\[1\]: 'here'$"
  type_line 'input("local? ")'
  wait_for '^local\?$'
  type_line 'yes'
  wait_for_prompt
  shows "^Out\[2\]: 'yes'$"
  put '%px where'
  shows "^1: Out\[[0-9]+\]: 'there'$"
  put '%autopx'
  last_line_is '^0-1>$'
}

@test "--save and %save keep a session with its plots" {
  console -t 0 --save "$PWD/end.html"
  put 'class Plot: _repr_svg_ = lambda self: "<svg><!-- curve --></svg>"'
  put 'Plot()'
  shows 'image/svg\+xml: %save FILE.html keeps it'
  put "%save $PWD/now.py"
  put '%save x.txt'
  shows "ipconsole: cannot tell from 'x.txt' what to save"
  keys C-d
  wait_for '^\[status 0\]$'
  grep -q "src=\"data:image/svg+xml;base64,$(printf '<svg><!-- curve --></svg>' | base64)" end.html
  [[ $(tail -n 1 now.py) == 'Plot()' ]]
}

@test "what is typed has colours, but not with NO_COLOR" {
  console -t 0
  type_text 'for x in "text":'
  wait_until 30 "colours" colours_show
  keys C-c
  screen_stop
  export NO_COLOR=1
  console -t 0
  type_text 'for x in "text":'
  ! colours_show
}
colours_show() { screen -e | grep -qF $'\e[34mfor\e[39m'; }

@test "the shells of the engines, with --sh" {
  console -t 0 --sh
  put 'v=7'
  type_line 'if true; then'
  wait_for 'then$'
  type_text 'echo "is $v"; fi'
  keys Enter
  wait_for '^is 7$'
  wait_for_prompt
  put 'false'
  shows '^exit status 1$'
}

@test "who dies leaves the engines to themselves: the code that runs is interrupted" {
  console -t 0
  type_line "open('$PWD/begun', 'w'); import time; time.sleep(100)"
  wait_until 30 "the code to run" test -e begun
  screen_stop
  run --separate-stderr run_limited 30 ipexec -t 0 'print("free")'
  assert_output free
}

@test "a controller that goes and comes back" {
  console -t 0
  put 'x = 1'
  run_limited 30 ipcluster stop
  put 'x'
  shows '^ipconsole: '
  cluster_start 2
  put 'print("back")'
  shows '^back$'
}

# -- with a script

@test "a script behaves as ipexec does, input by input, until one fails" {
  script "printf '%s\n' 'x = 6' 'for i in range(2):' '    print(i)' 'x * 7' '%targets 0' \
    'print(x)' '1/0' 'print(\"not this\")' | ipconsole"
  assert_status 1
  [[ $(sort <<<"$output") == $'0\n0\n1\n1\n6' ]] || fail "other lines"
  assert_stderr --partial "ipconsole: 0: ZeroDivisionError: division by zero, line 1: 1/0"
  ipconsole_ </dev/null
  assert_status 0
  assert_output ""
  script "printf 'print(1,\n2)\n!echo \$PPID >/dev/null; echo sh' | ipconsole -t 1"
  assert_status 0
  assert_output $'1 2\nsh'
  script "echo 'input()' | ipconsole -t 0"
  assert_status 1
  assert_stderr --partial "EOFError: no standard input here; use ipexec -i, or ipconsole"
}

@test "a script's magics: background work, programs of ipkit, mistakes" {
  script "printf '%%%%px -t 0\nn = 1\nn += 1\n\n%%ippull -t 0 n\n%%px -a n' | ipconsole"
  assert_status 0
  assert_output --regexp $'^2\njob:.*\njob:'
  script "echo '%targes 0' | ipconsole"
  assert_status 64
  assert_stderr --partial "unknown %targes; did you mean %targets?"
  script "echo 'class P: _repr_svg_ = lambda s: \"<svg/>\"
P()' | ipconsole -t 0 --save page.html"
  assert_status 0
  grep -q 'data:image/svg' page.html
}

@test "usage errors" {
  ipconsole_ 'print(1)'
  assert_status 64
  assert_stderr --partial "ipexec CODE"
  ipconsole_ --save x.txt
  assert_status 64
  ipconsole_ -t 9
  assert_status 68
  ipconsole_ --profile nobody
  assert_status 69
}
