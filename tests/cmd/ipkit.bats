#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipkit: the table of programs.

load ../lib/cluster

setup_file() { world_make; }
setup() { world_enter; }

@test "lists the programs that are there, in ten lines or so" {
  run --separate-stderr run_limited 10 ipkit
  assert_status 0
  assert_output --partial "    namespaces   ipexec"
  assert_output --partial "man ipkit"
  ((${#lines[@]} <= 12))
  for program in $(grep -oE '\bip[a-z]+' <<<"${output#*driven}"); do
    command -v "$program" >/dev/null || fail "$program is listed and not there"
  done
}

@test "doctor is ipcluster's, other words are too much" {
  run --separate-stderr run_limited 10 ipkit doctor
  assert_status 64
  assert_stderr --partial "ipcluster doctor"
  run --separate-stderr run_limited 10 ipkit exec
  assert_status 64
}
