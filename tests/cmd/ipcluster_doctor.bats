#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcluster doctor: of everything that can be wrong the first thing, and what helps.

load ../lib/cluster

setup() {
  world_make
  world_enter
  export IPKIT_KERNEL=sh
  SECURITY=$IPYTHONDIR/profile_default/security
}
teardown() {
  run_limited 30 ipcluster stop --all </dev/null >/dev/null 2>&1 || true
  assert_world_empty
}

doctor() { run --separate-stderr run_limited 30 ipcluster doctor "$@"; }
start() { run_limited 60 ipcluster start --daemonize "$@" >/dev/null; }
# stop PID: stops it; that it is queued does not mean that it has stopped.
stop() {
  kill -STOP "$1"
  wait_until 20 "the stop of $1" stopped "$1"
}
stopped() { [[ $(state_of "$1") == T* ]]; }
fact() { run_limited 10 ipcluster status --json | jq -r "$1"; }
# wrong STATUS WORDS…: what it says with -q is one line with all these words.
wrong() {
  local word
  doctor -q
  assert_status "$1"
  assert_output ""
  [[ $stderr != *$'\n'* ]] || fail "more than a line: $stderr"
  for word in "${@:2}"; do assert_stderr --partial "$word"; done
}

@test "all is well: a line for each step" {
  start -n 2
  doctor
  assert_status 0
  assert_stderr ""
  assert_equal "$(awk '{print $1, $2}' <<<"$output" | tr '\n' ' ')" "ok settings ok file \
ok controller ok port ok safety ok key ok engines ok answers ok queue "
  assert_line --partial "engines 0-1 registered"
  assert_line --partial "nothing waits"
  doctor -q
  assert_status 0
  assert_output ""
}

@test "work that runs is not an illness" {
  start -n 1
  job=$(ipexec -n -a 'until [[ -e go ]]; do sleep 0.05; done')
  ipexec -n -a true
  doctor
  assert_status 0
  assert_line --regexp "^ok +answers +all"
  assert_line --regexp "^ok +queue +2 wait or run; 0 engines are idle"
  touch go
  run_limited 20 ipwait "$job"
}

@test "nothing runs; another cluster does" {
  wrong 69 "nothing runs for profile 'default'" "ipcluster start"
  start -n 1 --profile=lab
  wrong 69 "another cluster runs: give --profile=lab"
}

@test "settings: a mistake, and a directory that is open" {
  mkdir -p "$SECURITY"
  echo 'engines: {nn: 1}' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  chmod 700 "$SECURITY"
  wrong 78 "ipkit.yaml:1: unknown key 'nn'"
  rm "$IPYTHONDIR/profile_default/ipkit.yaml"
  chmod 755 "$SECURITY"
  wrong 77 "is open to others; chmod 700"
}

@test "the file: half of one, one that others can read, one with another key" {
  start -n 1
  local file=$SECURITY/ipcontroller-client.json
  cp "$file" keep
  chmod 644 "$file"
  wrong 77 "can be read or written by others; chmod 600"
  head -c 100 keep >"$file"
  chmod 600 "$file"
  wrong 65 "ipcontroller-client.json"
  jq '.key = "another"' keep >"$file"
  wrong 77 "wrong key"
  cp keep "$file"
  doctor -q
  assert_status 0
}

@test "the controller: stopped, killed" {
  start -n 1 --restart=never
  local pid
  pid=$(fact .controller.pid)
  stop "$pid"
  wrong 69 "controller (pid $pid" "is stopped; kill -CONT $pid"
  kill -CONT "$pid"
  doctor -q
  assert_status 0
  kill -KILL "$pid"
  wait_until 10 "its end" [ ! -e "/proc/$pid" ]
  wrong 69 "controller $pid" "is gone" "ipcluster start"
}

@test "a port where nobody listens" {
  mkdir -p "$SECURITY"
  chmod 700 "$SECURITY"
  # A file of ipyparallel's: it names no process, so only the port can tell.
  printf '{"interface": "tcp://127.0.0.1", "location": "", "key": "k", "registration": 1, "mux": 1,
    "control": 1, "task": 1, "iopub": 1, "notification": 1, "broadcast": 1, "task_scheme": "x",
    "pack": "json", "unpack": "json", "signature_scheme": "hmac-sha256"}' \
    >"$SECURITY/ipcontroller-client.json"
  chmod 600 "$SECURITY/ipcontroller-client.json"
  wrong 69 "127.0.0.1:1: Connection refused" "nothing listens there"
}

@test "engines: none, killed, stopped" {
  start -n 2
  local supervisor kernel
  supervisor=$(ipls --json -t 1 | jq .pid)
  kernel=$(ipls --json -t 0 | jq .kernel_pid)
  stop "$supervisor"
  wrong 1 "engine 1 (pid $supervisor) is stopped; kill -CONT $supervisor"
  kill -CONT "$supervisor"
  stop "$kernel"
  wrong 1 "engine 0's kernel (pid $kernel) is stopped"
  kill -CONT "$kernel"
  kill -KILL "$supervisor"
  wait_until 10 "that ipcluster notices" \
    bash -c 'ipcluster status | grep -q "killed by signal 9"'
  wrong 1 "pid $supervisor" "is gone: killed by signal 9 (Killed); see ipcluster log"
}

@test "a controller without engines" {
  in_background "$WORLD/controller.log" ipcontroller >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  wrong 75 "there are no engines; add some: ipcluster engines"
  cluster_stop
}

@test "open to the network without CURVE is worth a word" {
  start -n 1 --ip='*' --no-curve
  doctor
  assert_status 0
  assert_line --regexp "^warn +safety +open to the network without CURVE"
}
