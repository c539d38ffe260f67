# SPDX-License-Identifier: BSD-3-Clause
# Engines whose main kernel is a shell: what is kept, values, output, errors, signals.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2 --kernel sh
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

ours() { run --separate-stderr run_limited 20 "$@"; }
# piped COMMAND: through a shell, with a limit.
piped() { run --separate-stderr run_limited 20 bash -o pipefail -c "$1"; }
# now: milliseconds

@test "variables, functions, the directory, options and exports are kept" {
  ours ipexec -t 0 'v="a  b"; declare -A m=([k]=w); f() { echo "f $1 $v"; }; cd /usr; export E=1'
  assert_status 0
  ours ipexec -t 0 'f 1; echo "${m[k]} $PWD"; env | grep ^E=; alias ll=ls; set -o noclobber'
  assert_output $'f 1 a  b\nw /usr\nE=1'
  ours ipexec -t 0 'alias ll; set -o | grep -c "noclobber.*on"; set +o noclobber'
  assert_output $'alias ll=\'ls\'\n1'
  ours ipexec -t 1 'echo "${v-unset}"; cd "$OLDPWD" 2>/dev/null; type f'
  assert_line -n 0 unset
  assert_status 1
}

@test "strings, numbers and arrays: pushed, used, pulled" {
  ours ippush s='two words' n=42 list='["a b", "", "c"]' quote="it's \"so\" \$HOME"
  assert_status 0
  ours ipexec -t 0 'echo "$s|$n|${#list[@]}|${list[0]}|$quote"; n=$((n + 1)); list+=(d)'
  assert_output "two words|42|3|a b|it's \"so\" \$HOME"
  ours ippull -t 0 s
  assert_output "two words"
  ours ippull -t 0 n
  assert_output 43
  ours ippull -t 0 list
  assert_output '["a b", "", "c", "d"]'
  ours ippull -t 0 nosuch
  assert_status 1
  assert_stderr --partial "no 'nosuch'"
}

@test "bytes: anything without NUL comes back as it was; NUL is refused" {
  python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(1, 256)) * 5000)' >bytes
  ours ippush -t 0 b=@bytes
  assert_status 0
  ippull -t 0 b >back
  cmp <(cat bytes; echo) back # it is text there
  printf 'a\0b' >nul
  ours ippush -t 0 c=@nul
  assert_status 1
  assert_stderr --partial NUL
}

@test "scatter and gather: lines to arrays and back, in order" {
  printf '%s\n' 'a b' '' c '*' e >lines
  piped 'ipscatter part <lines'
  assert_status 0
  ours ipexec 'echo "${#part[@]} ${part[0]}"'
  assert_line "3 a b"
  assert_line "2 *"
  ours ipexec 'part=("${part[@]/#/-}")'
  piped 'ipgather part | tee gathered | wc -l'
  assert_output 5
  cmp gathered <(sed 's/^/-/' lines)
}

@test "output is live: a line is there while its command goes on" {
  ipexec -t 0 "echo first; echo second >&2
    until [ -e '$PWD/go' ]; do sleep 0.02; done; echo last" >out 2>err &
  wait_until 10 "the first line" grep -q first out
  wait_until 10 "standard error" grep -q second err
  [[ $(<out) == first ]]
  touch go
  wait $!
  [[ $(<out) == $'first\nlast' ]]
}

@test "the exit status is the error, and can be ours" {
  ours ipexec -t 0 'exit 3'
  assert_status 1
  assert_stderr --partial "exit status 3"
  ours ipexec -t 0 -S 'exit 3'
  assert_status 3
  ours ipexec -t 0 'false'
  assert_status 1
  ours ipexec -t 0 'kill -9 $BASHPID & wait $!'
  assert_stderr --partial "killed by signal 9"
  ours ipexec -t 0 'echo "still ${s+here}"'
  assert_output "still here"
}

@test "ipmap: one item is one command, in a shell of its own each" {
  piped "seq 20 | ipmap --sh 'echo \$(({} * {})); x={}'"
  assert_equal "$output" "$(for i in $(seq 20); do echo $((i * i)); done)"
  ours ipexec 'echo "${x-none}"'
  assert_output $'none\nnone'
  piped "printf '%s\n' 0 5 0 | ipmap --sh 'exit {}'"
  assert_status 1
  assert_stderr --partial "exit status 5"
}

@test "an interrupt reaches the whole process group, children of children too" {
  ours ipexec -t 0 --timeout 1s "
    sh -c 'echo \$\$ >$PWD/inner; sleep 300; :' | cat | (sleep 300; echo never) 2>&1; echo never"
  assert_status 124
  refute_output --partial never
  wait_until 20 "the end of the pipeline" is_gone "$(<inner)"
  ours ipexec -t 0 'echo goes on'
  assert_output "goes on"
}
is_gone() { ! state_of "$1" >/dev/null || [[ $(state_of "$1") == Z* ]]; }

@test "Ctrl-C at ipexec does the same" {
  env --default-signal=INT ipexec -t 0 "sh -c 'echo \$\$ >$PWD/inner; sleep 300; :'" >out 2>err &
  wait_until 10 "the command" test -s inner
  kill -INT $!
  run wait $!
  wait_until 20 "its end" is_gone "$(<inner)"
  ours ipexec -t 0 'echo goes on'
  assert_output "goes on"
}

@test "a child left behind does not hold the reply, and lives on" {
  ours ipexec -t 0 "sleep 100 & echo \$! >$PWD/left; echo said"
  assert_status 0
  assert_output said
  [[ $(state_of "$(<left)") == S* ]]
  # Not even one that writes on, or that the shell lost sight of.
  ours ipexec -t 0 "(while sleep 0.05; do echo tick; done) & disown
    echo \$! >$PWD/ticks; echo said"
  assert_status 0
  assert_output --partial said
  ours ipexec -t 0 'echo next'
  assert_output --partial next
  ours ipexec -t 0 "kill $(<left) $(<ticks)"
  assert_status 0
}

@test "ipmap with a child left behind" {
  piped "seq 3 | ipmap --sh 'sleep 100 & echo {}'"
  assert_status 0
  assert_output $'1\n2\n3'
}
