#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# What goes wrong for users, and what they are told: message and status.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

ask() { run --separate-stderr run_limited 30 "$@"; }
client_file() { echo "$IPYTHONDIR/profile_${1:-default}/security/ipcontroller-client.json"; }

@test "no controller: the file is named, and how to start one" {
  ask ipexec --profile=none pass
  assert_status 69
  assert_stderr --partial "ipexec: no controller for profile 'none'"
  assert_stderr --partial "profile_none/security/ipcontroller-client.json"
  assert_stderr --partial "ipcluster start"
}

@test "a stale connection file: who it was" {
  mkdir -p "$IPYTHONDIR/profile_stale/security"
  sed -E 's/"pid": [0-9]+/"pid": 4194000/' "$(client_file)" >"$(client_file stale)"
  chmod 600 "$(client_file stale)"
  ask ipexec --profile=stale pass
  assert_status 69
  assert_stderr --partial "stale (controller 4194000 on "
  assert_stderr --partial "ipcluster start --profile=stale"
}

@test "a wrong key is refused, and said so" {
  mkdir -p "$IPYTHONDIR/profile_wrong/security"
  sed -E 's/"key": "[^"]*"/"key": "wrong"/' "$(client_file)" >"$(client_file wrong)"
  chmod 600 "$(client_file wrong)"
  ask ipexec --profile=wrong pass
  assert_status 77
  assert_stderr --partial "wrong key"
}

@test "a corrupt connection file: where it is wrong" {
  mkdir -p "$IPYTHONDIR/profile_corrupt/security"
  head -c 100 "$(client_file)" >"$(client_file corrupt)"
  chmod 600 "$(client_file corrupt)"
  ask ipexec --profile=corrupt pass
  assert_status 65
  assert_stderr --partial "ipcontroller-client.json: not JSON"
}

@test "a key that others can read is refused" {
  mkdir -p "$IPYTHONDIR/profile_open/security"
  cp "$(client_file)" "$(client_file open)"
  chmod 644 "$(client_file open)"
  ask ipexec --profile=open pass
  assert_status 77
  assert_stderr --partial "chmod 600"
}

@test "an unknown engine: which there are" {
  ask ipexec -t 7 pass
  assert_status 68
  assert_stderr --regexp "no engine 7[;:] there are 0-1"
}

@test "an unknown key in the profile: file, line, what was meant" {
  mkdir -p "$IPYTHONDIR/profile_typo"
  printf 'engines:\n  kernal: sh\n' >"$IPYTHONDIR/profile_typo/ipkit.yaml"
  ask ipcluster start --profile=typo -n 1 --daemonize
  assert_status 78
  assert_stderr --partial "ipkit.yaml:2: unknown key 'kernal'; did you mean 'kernel'?"
}

@test "malformed YAML: file and line" {
  mkdir -p "$IPYTHONDIR/profile_yaml"
  printf 'engines:\n  n: [1\nx: }\n' >"$IPYTHONDIR/profile_yaml/ipkit.yaml"
  ask ipcluster start --profile=yaml -n 1 --daemonize
  assert_status 78
  assert_stderr --regexp "ipkit.yaml:[0-9]+: "
}

@test "a syntax error in the code: line and text" {
  ask ipexec 'y = ('
  assert_status 1
  assert_stderr --partial "0-1 (2): SyntaxError: '(' was never closed, line 1: y = ("
}

@test "a missing variable" {
  ask ippull nosuch
  assert_status 1
  assert_output ""
  assert_stderr --partial "no 'nosuch'"
}

@test "something else on standard input is left unread" {
  run --separate-stderr run_limited 20 bash -c 'echo dbg | { ipexec pass; s=$?; cat; exit $s; }'
  assert_status 65
  assert_output dbg
  assert_stderr --partial "ipexec -n"
}

@test "an unreadable file" {
  ask ipscatter x /no/such/file
  assert_status 66
  assert_stderr --partial "/no/such/file: No such file or directory"
  ask ippush x=@/no/such/file
  assert_status 66
}

@test "an unknown option: what was meant" {
  ask ipexec --target 0 pass
  assert_status 64
  assert_stderr --partial "unknown option --target; did you mean --targets?"
}

@test "the kernel is killed while it runs code: said at once, and the engine lives on" {
  ask ipexec -t 0 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'
  assert_status 1
  assert_stderr --partial "killed by signal 9"
  ask ipexec -p -t 0 1+1
  assert_status 0
  assert_output 2
}
