#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# What every program has: its help, word for word; the version; the options that say which cluster.

load ../lib/cluster

# The cluster is not where programs look by default: each has to be told.
setup_file() {
  world_make
  cluster_start 2 --profile=elsewhere --cluster-id=second
  local all=(--profile=elsewhere --cluster-id=second)
  ippush "${all[@]}" a=1
  JOB=$(ipsubmit "${all[@]}" '6 * 7')
  ipwait "${all[@]}" "$JOB"
  echo 'x y' >"$WORLD/graph"
  export JOB
}
teardown_file() {
  run_limited 30 ipcluster stop --profile=elsewhere --cluster-id=second </dev/null
  assert_world_empty
}
setup() { world_enter; }

# each_program FUNCTION: calls it with each program of a cluster's clients, and what does no harm.
each_program() {
  "$1" ipexec pass
  "$1" ipapply len '"ab"'
  "$1" ippush a=1
  "$1" ippull a
  "$1" ipscatter s "$WORLD/graph"
  "$1" ipgather s
  "$1" ipls
  "$1" ipclear
  "$1" ippush a=1 # again, for who comes next
  "$1" ipmap x ::: 1
  "$1" ipsubmit pass
  "$1" ipdag "$WORLD/graph" --sh :
  "$1" ipwait -n 1
  "$1" ipstat
  "$1" iphistory
  "$1" ipreport -o "$WORLD/report"
  "$1" ipresult "$JOB"
  "$1" ipcancel "$JOB"
}

# with OPTION… -- PROGRAM OPERAND…: the program succeeds, with the options before its own.
with() {
  local options=()
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  run --separate-stderr run_limited 20 "$1" "${options[@]}" "${@:2}"
  ((status == 0)) || fail "$1 ${options[*]} ${*:2}: status $status, $stderr"
}

@test "--profile and --cluster-id" {
  by_name() { with --profile=elsewhere --cluster-id=second -- "$@"; }
  each_program by_name
}

@test "--profile-dir" {
  by_directory() {
    with "--profile-dir=$IPYTHONDIR/profile_elsewhere" --cluster-id second -- "$@"
  }
  each_program by_directory
}

@test "--connection and --connect-timeout" {
  by_file() {
    local file=$IPYTHONDIR/profile_elsewhere/security/ipcontroller-second-client.json
    with --connection "$file" --connect-timeout=20s -- "$@"
  }
  each_program by_file
}

@test "--exclude" {
  but_one() {
    case $1 in ipwait | iphistory | ipreport | ipresult | ipcancel) return ;; esac
    with --profile=elsewhere --cluster-id=second --exclude=1 -- "$@"
  }
  each_program but_one
  with --profile=elsewhere --cluster-id=second --exclude=1 -- ipls
  [[ $output == 0* && $output != *$'\n'1* ]] || fail "$output"
}

@test "--kernel and --sh: the values of the shell beside the main kernel" {
  in_shell() { with --profile=elsewhere --cluster-id=second -t 0 "$1" -- "${@:2}"; }
  in_shell --kernel=sh ippush v=seven
  in_shell --sh ippull v
  assert_output seven
  in_shell --kernel=sh ipscatter words "$WORLD/graph"
  in_shell --kernel=sh ipgather words
  assert_output 'x y'
  in_shell --sh ipgather words
  assert_output 'x y'
  in_shell --sh ipls --names v words
  [[ $output == *v*words* ]] || fail "$output"
  in_shell --kernel=sh ipls --names v
  [[ $output == *v* ]] || fail "$output"
}

@test "--quiet and --verbose change no status" {
  quiet() { with --profile=elsewhere --cluster-id=second --quiet -- "$@"; }
  each_program quiet
  verbose() { with --profile=elsewhere --cluster-id=second --verbose -- "$@"; }
  each_program verbose
}

@test "without them nothing is found, and each says where it looked" {
  lost() {
    run --separate-stderr run_limited 20 "$@"
    assert_status 69
    assert_stderr --partial "$1: no controller for profile 'default'"
  }
  each_program lost
}

@test "a limit to what the controller may take" {
  local pid
  pid=$(grep -o '"pid": *[0-9]*' \
    "$IPYTHONDIR/profile_elsewhere/security/ipcontroller-second-client.json" | grep -o '[0-9]*$')
  kill -STOP "$pid"
  silent() {
    SECONDS=0
    run --separate-stderr run_limited 20 "$1" --profile=elsewhere --cluster-id=second \
      --connect-timeout=300ms "${@:2}"
    [[ $status == 69 || $status == 124 ]] || { kill -CONT "$pid"; fail "$1: $status, $stderr"; }
    [[ -n $stderr && $SECONDS -lt 10 ]] || { kill -CONT "$pid"; fail "$1: $SECONDS s: $stderr"; }
  }
  each_program silent
  kill -CONT "$pid"
}

# tests/data/help has what each program answers; after a change that is meant:
#   for f in tests/data/help/*; do build/bin/${f##*/} -h >$f; done
@test "the help of each program is what it was, and -V names it" {
  local program file
  for program in "$IPKIT_BUILD"/bin/*; do
    file=$ROOT/tests/data/help/${program##*/}
    [[ -e $file ]] || fail "no $file"
    run --separate-stderr run_limited 10 "$program" --help
    assert_status 0
    diff -u "$file" <(echo "$output") || fail "${program##*/} --help"
    run --separate-stderr run_limited 10 "$program" -h
    diff -u "$file" <(echo "$output") || fail "${program##*/} -h"
    run --separate-stderr run_limited 10 "$program" --version
    assert_status 0
    [[ $output == *[0-9].[0-9]* ]] || fail "${program##*/} --version: $output"
  done
}
