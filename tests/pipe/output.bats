#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Standard output that nobody reads, is full or is closed: the same for every program.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 1
  run_limited 20 ippush -n x=5
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  printers=("ipls" "ipls -l" "ipls --names" "ippull -n x" "ipexec -n 'print(1)'" "ipexec -n -p x"
    "ipexec -n -a pass" "ipmap x ::: 1" "ipstat" "ipstat --json" "ipkit" "ipcluster status"
    "ipcluster status --json" "ipcluster list" "ipcluster log" "ipcluster start --dry-run"
    "ipcluster --help" "ipexec -h" "ipmap --version" "ipengine --help-rows")
}

@test "a reader that left: it dies of SIGPIPE, silent" {
  for printer in "${printers[@]}"; do
    # The first line of input opens the gate: the reader is gone then.
    run --separate-stderr run_limited 20 bash -c "
      rm -f gate; mkfifo gate
      { read -r <gate; $printer; echo \"\$?\" >status; } | { exec <&-; echo >gate; }"
    [[ $(<status) == 141 && -z $stderr ]] || fail "$printer: $(<status)"
  done
}

@test "a full disk: said, and no success" {
  [[ -c /dev/full ]] || skip "no /dev/full"
  for printer in "${printers[@]}" "ipcontroller -h"; do
    run --separate-stderr run_limited 20 bash -c "$printer >/dev/full"
    [[ $status == 70 ]] || fail "$printer"
    assert_stderr --regexp "^${printer%% *}: cannot write.*: No space left on device$"
  done
}

@test "a full disk ends what would go on for ever" {
  [[ -c /dev/full ]] || skip "no /dev/full"
  for endless in "ipexec -n 'while True: print(1)'" "yes | ipmap x"; do
    run --separate-stderr run_limited 20 bash -c "$endless >/dev/full"
    assert_status 70
    assert_stderr --partial "No space left on device"
  done
  run --separate-stderr run_limited 20 ipexec --timeout 10 -p 1
  assert_output 1
}

@test "a closed standard output is an error, not a success" {
  for printer in "${printers[@]}"; do
    run --separate-stderr run_limited 20 bash -c "$printer >&-"
    [[ $status == 70 ]] || fail "$printer"
    assert_stderr --partial "cannot write standard output"
  done
}

@test "ipcluster log -f ends when its reader does" {
  run --separate-stderr run_limited 20 bash -c 'set -o pipefail; ipcluster log -f | head -1'
  assert_status 141
  assert_equal "${#lines[@]}" 1
  assert_stderr ""
}
