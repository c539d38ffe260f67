#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcluster: start, stop, engines, status, list, clean, log, and every way in which they fail.

load ../lib/cluster

setup() {
  world_make
  world_enter
  export IPKIT_KERNEL=sh
  PROFILE=$IPYTHONDIR/profile_default
}
teardown() {
  run_limited 30 ipcluster stop --all </dev/null >/dev/null 2>&1 || true
  assert_world_empty
}

ask() { run --separate-stderr run_limited 60 "$@"; }
started() { ask ipcluster start --daemonize "$@" && assert_status 0; }
status_of() { run_limited 10 ipcluster status --json | jq -r "$1"; }
is_gone() { ! grep -qs '^State:.[^Z]' "/proc/$1/status"; }
# kernel_named NAME SCRIPT: a kernel of the test's own.
kernel_named() {
  mkdir -p -m 755 kernels
  printf '#!/bin/sh\n%s\n' "$2" >"kernels/ipkit-kernel-$1"
  chmod 755 "kernels/ipkit-kernel-$1"
  export IPKIT_KERNEL_PATH=$PWD/kernels
}
# One that starts only once: the second of two engines has none.
once_kernel() {
  kernel_named once "mkdir '$PWD/once' || exit 3
exec '$IPKIT_BUILD/libexec/ipkit/ipkit-kernel-sh'"
}
lock_is_free() { [[ ! -e $PROFILE/pid/ipcluster.lock ]]; }

@test "start --daemonize: returns when all answer, says which, stop ends everything" {
  started -n 2
  assert_output "2 engines ready (0-1). Stop: ipcluster stop. Log: ipcluster log"
  assert_stderr ""
  ask ipexec --sh 'echo $((6 * 7))'
  assert_output $'42\n42'
  local pids
  pids=$(status_of '.controller.pid, .ipcluster.pid, .engines[].pid')
  assert_equal "$(wc -w <<<"$pids")" 4
  ask ipcluster stop
  assert_status 0
  assert_output ""
  assert_stderr ""
  local pid
  for pid in $pids; do wait_until 20 "the end of $pid" is_gone "$pid"; done
  assert_equal "$(find "$PROFILE/security" "$PROFILE/pid" ! -type d)" ""
}

@test "start in a command substitution returns: a daemon holds nothing of its caller" {
  local text
  exec 7>"$WORLD/held"
  text=$(run_limited 30 ipcluster start -n 1 --daemonize)
  assert_equal "$text" "1 engine ready (0). Stop: ipcluster stop. Log: ipcluster log"
  local pid
  for pid in $(status_of '.controller.pid, .ipcluster.pid, .engines[].pid'); do
    run bash -c "ls -l /proc/$pid/fd | grep -e '$WORLD/held'"
    assert_status 1
    assert_equal "$(readlink "/proc/$pid/fd/0")" /dev/null
  done
}

@test "the oldest spellings: local -n, -n alone, --n=; -q is silent, -v says the pid" {
  ask ipcluster local -n 1 --daemonize -q
  assert_status 0
  assert_output ""
  run_limited 20 ipcluster stop
  ask ipcluster -n 1 --daemonize -v
  assert_status 0
  assert_line "ipcluster: pid $(status_of .ipcluster.pid)"
  run_limited 20 ipcluster stop
  ask ipcluster --n=1 --daemonize
  assert_status 0
}

@test "without -n: one engine for each processor; -n 0: none" {
  started
  assert_output --partial "$(nproc) engine"
  run_limited 20 ipcluster stop
  started -n 0
  assert_output --partial "0 engines ready. Stop:"
}

@test "engines work where ipcluster was started; logs are in the profile" {
  mkdir here
  cd here
  started -n 1
  ask ipexec --sh pwd
  assert_output "$PWD"
  local log
  for log in "$PROFILE"/log/{ipengine,ipcontroller}-*.log; do [[ -f $log ]]; done
  ask ipcluster log
  assert_status 0
  assert_line --partial "ipcluster: "
}

@test "python kernels: the interpreter is resolved once, also behind a script" {
  unset IPKIT_KERNEL
  printf '#!/bin/sh\nexec /usr/bin/python3 "$@"\n' >shim
  chmod +x shim
  ask ipcluster start -n 1 --daemonize --python=./shim
  assert_status 0
  ask ipexec 'import os; print(os.environ["IPKIT_PYTHON"])'
  assert_output --regexp '^/usr/bin/python3'
  run_limited 20 ipcluster stop
  ask ipcluster start -n 1 --daemonize --python=/no/such/python
  assert_status 66
  assert_stderr --partial "no Python interpreter /no/such/python; name one with --python"
}

@test "a second start: 73, who runs, and how to have another beside it" {
  started -n 1
  ask ipcluster start -n 1 --daemonize
  assert_status 73
  assert_stderr --partial "profile 'default': pid $(status_of .ipcluster.pid) on "
  assert_stderr --regexp ' since .*--cluster-id=NAME$'
  ask ipexec --sh 'echo alive'
  assert_output alive
  ask ipcluster start -n 1 --daemonize --cluster-id=b
  assert_status 0
  assert_output --partial "Stop: ipcluster stop --cluster-id=b."
  ask ipcluster list --json
  assert_equal "$(jq -r '"\(.cluster_id) \(.state)"' <<<"$output")" $' running\nb running'
}

@test "Ctrl-C in the foreground stops everything; so do TERM and ipcluster stop" {
  local signal pid
  for signal in INT TERM; do
    in_background "$WORLD/fg.log" env --default-signal=INT ipcluster start -n 1 >"$WORLD/fg"
    pid=$(<"$WORLD/fg")
    wait_until 20 "readiness" grep -q ready "$WORLD/fg.log"
    kill "-$signal" "$pid"
    wait_until 20 "its end" is_gone "$pid"
    lock_is_free
    : >"$WORLD/fg.log"
  done
  in_background "$WORLD/fg.log" ipcluster start -n 1 >"$WORLD/fg"
  wait_until 20 "readiness" grep -q ready "$WORLD/fg.log"
  ask ipcluster stop
  assert_status 0
  wait_until 20 "its end" is_gone "$(<"$WORLD/fg")"
}

@test "the starter is killed while it waits: everything is stopped" {
  kernel_named never 'exec sleep 60'
  in_background "$WORLD/start.log" ipcluster start -n 1 --daemonize --kernel=never \
    >"$WORLD/starter"
  wait_until 20 "the engine" bash -c "grep -qs 'role: \"engine\"' $PROFILE/pid/*.launched"
  kill -TERM "$(<"$WORLD/starter")"
  wait_until 20 "the lock" lock_is_free
  assert_world_empty
}

@test "engines that do not start: 75, their own words, all for one reason named once" {
  ask ipcluster start -n 3 --daemonize --kernel=nonesuch
  assert_status 75
  assert_stderr --regexp '^ipcluster: 0 of 3 engines after .*missing: 0-2 \(exit status 66; '
  assert_stderr --partial "last words: \"ipengine: no kernel 'nonesuch"
  assert_stderr --partial "everything was stopped"
  lock_is_free
}

@test "a part of the engines: 75, which are missing and why; the others work" {
  once_kernel
  ask ipcluster start -n 2 --daemonize --kernel=once --timeout=20s
  assert_status 75
  assert_stderr --regexp '1 of 2 engines after .*missing: [01] \(exit status '
  assert_stderr --regexp '; the others work; give up: ipcluster stop$'
  assert_equal "$(status_of '[.engines[] | select(.state == "ready")] | length')" 1
  ask ipcluster stop
  assert_status 0
}

@test "--wait: fewer than all are enough" {
  once_kernel
  ask ipcluster start -n 2 --daemonize --kernel=once --wait=50%
  assert_status 0
  assert_output --partial "1 engine ready (0)"
  ask ipcluster start -n 2 --wait=3
  assert_status 64
}

@test "a controller that does not start: its own words and status, nothing left" {
  ask ipcluster start -n 1 --daemonize --ip=999.1.1.1
  assert_stderr --regexp "^ipcluster: the controller did not start: .*ipcontroller: .*999.1.1.1"
  ((status >= 64))
  lock_is_free
  assert_world_empty
}

@test "the controller is killed: said in the log, the engines are stopped" {
  started -n 2 --restart=never
  local controller engines
  controller=$(status_of .controller.pid)
  engines=$(status_of '.engines[].pid')
  kill -KILL "$controller"
  wait_until 20 "the end" lock_is_free
  grep -q "the controller ended: killed by signal 9 (Killed)" "$PROFILE/log/ipcluster.log"
  local pid
  for pid in $engines; do wait_until 20 "the end of $pid" is_gone "$pid"; done
  [[ ! -e $PROFILE/security/ipcontroller-client.json ]]
}

@test "an engine is killed: log and status say how" {
  started -n 2
  local pid
  pid=$(status_of '.engines[] | select(.id == 1) | .pid')
  kill -KILL "$pid"
  wait_until 10 "the log" grep -q "engine 1 (pid $pid) ended: killed by signal 9" \
    "$PROFILE/log/ipcluster.log"
  wait_until 10 "status" \
    bash -c "ipcluster status | grep -q 'engine 1 .*ended: killed by signal 9'"
  ask ipexec --sh 'echo $((1+1))'
}

@test "engines: added to what runs, removed by id" {
  started -n 1
  ask ipcluster engines -n 2
  assert_status 0
  assert_output "2 engines ready (1-2)"
  ask ipcluster engines --remove=0,2
  assert_status 0
  wait_until 10 "their end" \
    bash -c '[[ $(ipcluster status --json | jq -c "[.engines[].id]") == "[1]" ]]'
  ask ipcluster engines --remove=7
  assert_status 68
  assert_stderr --partial "no engine 7"
}

@test "engines beside a controller started by hand" {
  in_background "$WORLD/controller.log" ipcontroller >"$WORLD/controller.pid"
  wait_until 20 "its files" test -s "$PROFILE/security/ipcontroller-engine.json"
  ask ipcluster engines -n 1 --daemonize
  assert_status 0
  assert_output --partial "1 engine ready (0)"
  ask ipcluster stop
  assert_status 0
  kill -0 "$(<"$WORLD/controller.pid")"
  ask ipcluster stop
  assert_status 69
  assert_stderr --partial "controller $(<"$WORLD/controller.pid") on"
  assert_stderr --partial "was not started by ipcluster; end it and its engines: ipcancel "
  ask ipcluster start -n 1 --daemonize
  assert_status 73
  assert_stderr --partial "pid $(<"$WORLD/controller.pid") on"
  kill "$(<"$WORLD/controller.pid")"
}

@test "ipcluster itself is killed: what it left is seen, kept, and stopped" {
  started -n 1
  local supervisor engine
  supervisor=$(status_of .ipcluster.pid)
  engine=$(status_of '.engines[0].pid')
  kill -KILL "$supervisor"
  wait_until 20 "its end" is_gone "$supervisor"
  ask ipcluster start -n 1 --daemonize
  assert_status 73
  ask ipcluster clean
  assert_status 0
  ask ipexec --sh 'echo alive'
  assert_output alive
  ask ipcluster list --json
  assert_equal "$(jq -r .state <<<"$output")" "no ipcluster"
  ask ipcluster stop
  assert_status 0
  wait_until 20 "its end" is_gone "$engine"
  assert_equal "$(ipcluster list)" ""
}

@test "everything is killed: list says stale, clean removes it, start works again" {
  started -n 1
  local pid
  for pid in $(status_of '.ipcluster.pid, .controller.pid, .engines[].pid'); do
    kill -KILL "$pid"
  done
  wait_until 10 "their end" none_marked IPKIT_TEST_WORLD "$WORLD"
  ask ipcluster list --json
  assert_equal "$(jq -r .state <<<"$output")" stale
  ask ipcluster status
  assert_status 69
  assert_stderr --partial "stale"
  ask ipcluster clean -v
  assert_output --partial "removed $PROFILE/security/ipcontroller-client.json"
  assert_equal "$(ipcluster list)" ""
  started -n 1
}

@test "stop without a cluster: 69; status too" {
  ask ipcluster stop
  assert_status 69
  assert_stderr --partial "no cluster runs for profile 'default'"
  ask ipcluster status --json
  assert_status 69
  assert_equal "$(jq -c '[.controller, .engines]' <<<"$output")" "[null,[]]"
}

@test "--dry-run prints the launchers' documents and starts nothing" {
  ask ipcluster start -n 3 --ip=127.0.0.1 --hwm=2 --dry-run
  assert_status 0
  assert_line "--- # ipkit-launch-local start"
  assert_line "count: 3"
  assert_line '  - "--ip=127.0.0.1"'
  assert_line '  - "--kernel=sh"'
  [[ ! -e $PROFILE ]]
}

@test "the profile: its values count, the command line wins, mistakes are named" {
  mkdir -p "$PROFILE"
  unset IPKIT_KERNEL
  printf 'engines:\n  n: 2\n  kernel: sh\n  env: {GREETING: hello}\n' >"$PROFILE/ipkit.yaml"
  started
  assert_output --partial "2 engines ready"
  ask ipexec -t 0 --sh 'echo $GREETING'
  assert_output hello
  run_limited 20 ipcluster stop
  started -n 1
  assert_output --partial "1 engine ready"
  run_limited 20 ipcluster stop
  printf 'engines:\n  kernal: sh\n' >"$PROFILE/ipkit.yaml"
  ask ipcluster start
  assert_status 78
  assert_stderr --partial "ipkit.yaml:2: unknown key 'kernal'; did you mean 'kernel'?"
}

@test "launchers: from the profile and the path, never one that others can write" {
  mkdir -p "$PROFILE/launchers"
  cp "$IPKIT_BUILD/libexec/ipkit/ipkit-launch-local" "$PROFILE/launchers/ipkit-launch-mine"
  ask ipcluster start -n 1 --daemonize --engines=mine
  assert_status 0
  run_limited 20 ipcluster stop
  chmod o+w "$PROFILE/launchers"
  ask ipcluster start -n 1 --daemonize --engines=mine
  assert_status 77
  assert_stderr --partial "can be written by others"
  ask ipcluster start -n 1 --daemonize --engines=nonesuch
  assert_status 64
  assert_stderr --partial "no launcher 'nonesuch'"
}

@test "an ignored SIGHUP or SIGINT of the caller does not reach the engines' code" {
  run --separate-stderr run_limited 60 bash -c 'trap "" HUP INT; ipcluster start -n 1 --daemonize'
  assert_status 0
  ask ipexec --sh '(( (0x$(sed -n "s/SigIgn:.//p" /proc/self/status) & 3) == 0 ))'
  assert_status 0
}

@test "mistakes: unknown verb, option, operand, bad values" {
  ask ipcluster stat
  assert_status 64
  assert_stderr --partial "did you mean 'status'?"
  ask ipcluster start --daemonise
  assert_status 64
  assert_stderr --partial "did you mean --daemonize?"
  ask ipcluster start 4
  assert_status 64
  ask ipcluster start -n many
  assert_status 64
  ask ipcluster start --log-level=loud
  assert_status 64
  ask ipcluster
  assert_status 0
  assert_line --partial "Usage: ipcluster VERB"
}

@test "a directory whose name is not UTF-8: refused with the reason, not changed" {
  local directory=$PWD/$'l\xe9t'
  run --separate-stderr run_limited 20 env IPYTHONDIR="$directory" ipcluster start -n 1 --daemonize
  assert_status 65
  assert_stderr --partial "/profile_default/pid/ipcluster.local.launched' is not UTF-8"
  run --separate-stderr run_limited 20 env IPYTHONDIR="$directory" ipcluster list
  assert_output ""
}
