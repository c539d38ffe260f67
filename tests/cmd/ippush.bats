#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ippush: values in (R9), silence on success (R3), the stage rule (R2), no engine (R14).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

push() { run --separate-stderr run_limited 20 ippush "$@"; }
# The values engines have, as JSON text.
value() { run_limited 20 ippull -n -t 0 --json "$1" | sed 's/.*"value":\(.*\)}$/\1/'; }

@test "JSON if it is JSON, else the text; prints nothing" {
  push a=30 'b=to the engines!' 'c=[1, {"x": null}]' d=true e= f=01
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(value a)" 30
  assert_equal "$(value b)" '"to the engines!"'
  assert_equal "$(value c)" '[1, {"x": null}]'
  assert_equal "$(value d)" true
  assert_equal "$(value e)" '""'
  assert_equal "$(value f)" '"01"'
  assert_equal "$(run_limited 20 ippull -n a)" $'30\n30'
}

@test "-s takes the text as it is" {
  push -s zip=12345 u=null w=@x r=ref:zip m=-
  assert_status 0
  assert_equal "$(value zip)" '"12345"'
  assert_equal "$(value u)" '"null"'
  assert_equal "$(value w)" '"@x"'
  assert_equal "$(value r)" '"ref:zip"'
  assert_equal "$(value m)" '"-"'
}

@test "a lone - is text, @- is standard input" {
  run --separate-stderr run_limited 20 bash -c 'printf "raw\n" | ippush x=- y=@-'
  assert_status 0
  assert_equal "$(value x)" '"-"'
  assert_equal "$(run_limited 20 ippull -n -t 0 y)" raw
  assert_equal "$(value 'type(y).__name__')" '"bytes"'
}

@test "@FILE is typed by its name" {
  echo '[1, 2]' >v.json
  printf 'text\n' >v.txt
  printf '\377\0' >v.bin
  push j=@v.json t=@v.txt b=@v.bin
  assert_status 0
  assert_equal "$(value j)" '[1, 2]'
  assert_equal "$(value t)" '"text\n"'
  assert_equal "$(run_limited 20 ippull -n -t 0 b | od -An -tx1 | tr -d ' ')" ff00
}

@test "references are evaluated there" {
  push n=20
  push m=ref:n+1
  assert_status 0
  assert_equal "$(value m)" 21
}

@test "a value larger than one message arrives whole, from @-" {
  head -c 9000001 /dev/urandom >big
  run --separate-stderr run_limited 30 bash -c 'ippush -t 1 small=1 big=@- <big'
  assert_status 0
  assert_output ""
  run_limited 30 ippull -n -t 1 big | cmp - big
  run --separate-stderr run_limited 20 ippull -n -t 0 big
  assert_status 1
}

@test "bad operands are refused before anything is sent" {
  push
  assert_status 64
  push a
  assert_status 64
  assert_stderr --partial "'a' is not NAME=VALUE"
  push '1a=3'
  assert_status 64
  push a=1 a=2
  assert_status 64
  push a=@nofile
  assert_status 66
  assert_stderr --partial nofile
  push --target 0 a=1
  assert_status 64
  assert_stderr --partial "--targets"
}

@test "a failure names the engine: both, once" {
  push x=ref:nosuch
  assert_status 1
  assert_stderr --partial "ippush: 0-1 (2): "
  assert_stderr --partial nosuch
}

@test "no such engine" {
  push -t 7 a=1
  assert_status 68
  assert_stderr --partial "no engine 7"
  assert_stderr --partial "0-1"
}

@test "an operand with commas and one that looks like an option stay whole" {
  push -t -1 'a=x,y'
  assert_status 0
  assert_equal "$(run_limited 20 ippull -n -t -1 a)" x,y
}

@test "in a pipeline: after the command before, not if that failed, foreign bytes are left" {
  run --separate-stderr run_limited 20 bash -c 'ippush a=1 | ippush a=2'
  assert_status 0
  run --separate-stderr run_limited 20 bash -c 'ippush a=@nofile | ippush a=3'
  assert_status 1
  assert_stderr --partial "not run: the command before it failed"
  assert_equal "$(run_limited 20 ippull -n -t 0 a)" 2
  run --separate-stderr run_limited 20 bash -c 'echo foreign | { ippush a=4; cat; }'
  assert_output foreign
  assert_stderr --partial '"foreign"'
  run --separate-stderr run_limited 20 bash -c 'echo foreign | { ippush -n a=5; cat; }'
  assert_output foreign
  assert_stderr ""
}

@test "no controller for a profile" {
  push --profile none a=1
  assert_status 69
  assert_stderr --partial "no controller for profile 'none': no file "
  assert_stderr --partial "ipcluster start --profile=none -n 4"
}

@test "a signal withdraws what waits behind other work, and it dies by the signal" {
  j=$(run_limited 20 ipexec -n -t 0 -a "$(held go)")
  run_limited 20 ippush -n -t 1 wd=1
  # shellcheck disable=SC2016 # for the inner shell
  run_limited 20 bash -c 'ippush -n -t 0 wd=2 & p=$!
    until [[ $(ipstat --json | grep -c "\"queue\":2") == 1 ]]; do :; done
    kill -TERM $p; wait $p; echo $?' >out
  assert_equal "$(<out)" 143
  touch go
  run_limited 20 ipwait "$j"
  run --separate-stderr run_limited 20 ippull -n -t 0 wd
  assert_status 1
  assert_stderr --partial "no 'wd'"
}

@test "files larger than one message arrive whole, whatever kind of file" {
  head -c 5000000 /dev/urandom >big
  mkfifo pipe
  run_limited 20 cat big >pipe &
  run --separate-stderr run_limited 30 ippush -n -t 0 big=@big piped=@pipe small=1 \
    text=@<(printf 'a\nb')
  assert_status 0
  run_limited 20 ippull -n -t 0 big | cmp - big
  run_limited 20 ippull -n -t 0 piped | cmp - big
  assert_equal "$(run_limited 20 ippull -n -t 0 text)" $'a\nb'
}

@test "lines for a shell kernel are an array there" {
  run --separate-stderr run_limited 20 bash -c 'printf "a b\nc\n" | ipscatter --sh -t 0 arr'
  assert_status 0
  # shellcheck disable=SC2016 # for the engine's shell
  assert_equal "$(run_limited 20 ipexec -n --sh -t 0 'echo "${#arr[@]} ${arr[0]}"')" '2 a b'
}

@test "no engines yet: 75 at once, and what to do" {
  world_make "$BATS_TEST_TMPDIR"
  cluster_start_by_hand 0
  push a=1
  # shellcheck disable=SC2154 # set by run
  local pushed=$status said=$stderr
  run --separate-stderr run_limited 20 ipls
  cluster_stop
  assert_status 0
  assert_output ""
  assert_equal "$pushed" 75
  [[ $said == "ippush: no engines yet: controller "*" has 0; wait for them: ipwait -n 1"* ]]
}
