#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The local launcher: what it starts is on record first, and only that is ever touched.

load ../lib/cluster

setup() {
  world_make
  world_enter
  RECORD=$WORLD/record
  LAUNCH=$IPKIT_BUILD/libexec/ipkit/ipkit-launch-local
}
teardown() { assert_world_empty; }

# launch VERB < request: the launcher itself.
launch() { run_limited 20 "$LAUNCH" "$@"; }
# on_record VERB [MORE LINES]: a request about what is on record.
on_record() { printf '%s\n' "record: $RECORD" "${@:2}" | launch "$1"; }
# start COUNT PROGRAM ARGUMENT…
start() {
  local count=$1 program=$2 arguments=""
  shift 2
  printf -v arguments '"%s", ' "$@"
  printf '%s\n' "role: engine" "record: $RECORD" "count: $count" "program: $program" \
    "arguments: [$arguments]" "directory: $PWD" "log: $WORLD/out-{pid}.log" \
    "environment: {GREETING: hello}" | launch start
}
pids() { sed -nE 's/^ +pid: ([0-9]+)$/\1/p' <<<"$output"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

@test "start: as many as asked, each in its own session, with log, directory and environment" {
  run start 3 /bin/sh -c 'echo $GREETING from $$; pwd; exec sleep 60'
  assert_status 0
  local pid
  for pid in $(pids); do
    assert_equal "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
    wait_until 20 "its output" grep -q "$PWD" "$WORLD/out-$pid.log"
    assert_equal "$(head -1 "$WORLD/out-$pid.log")" "hello from $pid"
    assert_equal "$(readlink "/proc/$pid/fd/0")" /dev/null
    assert_equal "$(ls "/proc/$pid/fd")" $'0\n1\n2'
  done
  assert_equal "$(pids | wc -l)" 3
  assert_equal "$(stat -c %a "$RECORD")" 600
  run on_record stop
  assert_status 0
  assert_equal "$(grep -c 'state: "ended"' <<<"$output")" 3
  [[ ! -e $RECORD ]]
}

@test "signals that the caller ignores are not ignored by what it starts" {
  run bash -c 'trap "" INT HUP; '"printf '%s\n' 'record: $RECORD' 'program: /bin/sh' \
    'arguments: [-c, \"grep SigIgn /proc/self/status\"]' 'log: $WORLD/out.log' | $LAUNCH start"
  assert_status 0
  wait_until 20 "its output" test -s "$WORLD/out.log"
  # Without 32 and 33, the C library's own, which make leaves ignored in what it runs.
  assert_equal $((16#$(cut -f 2 "$WORLD/out.log") & 0x7fffffff)) 0
}

@test "stop and signal by id: only those" {
  run start 2 /bin/sleep 60
  local first second id
  read -r first second < <(pids | paste -sd ' ')
  id=$(sed -nE 's/.*id: "([^"]+)".*/\1/p' <<<"$output" | head -1)
  run on_record signal "ids: [\"$id\"]" "signal: 15"
  assert_status 0
  wait_until 20 "its end" is_gone "$first"
  kill -0 "$second"
  run on_record status
  assert_output --partial 'state: "running"'
  assert_output --partial 'state: "ended"'
  run on_record stop
  wait_until 20 "its end" is_gone "$second"
}

@test "stop: what does not end within the time of grace is killed" {
  run start 1 /bin/sh -c "trap '' TERM; while :; do sleep 0.1; done"
  assert_status 0
  local pid
  pid=$(pids)
  wait_until 20 "the trap" bash -c "(( 0x\$(sed -n 's/SigIgn:.//p' /proc/$pid/status) & 0x4000 ))"
  run on_record stop "grace: 0.2"
  assert_status 0
  assert_output --partial 'state: "ended"'
  wait_until 20 "its end" is_gone "$pid"
}

@test "a process with a recorded pid but another start time is left alone" {
  in_background "$WORLD/other.log" sleep 60 >"$WORLD/other"
  local other
  other=$(<"$WORLD/other")
  run start 1 /bin/sleep 60
  local pid
  pid=$(pids)
  # Both may have started within one clock tick: the time is forged too.
  sed -E "s/pid: $pid/pid: $other/; s/ticks: \"?[0-9]+\"?/ticks: 1/" "$RECORD" >"$WORLD/forged"
  cat "$WORLD/forged" >>"$RECORD"
  run on_record stop
  assert_status 0
  kill -0 "$other"
  wait_until 20 "its end" is_gone "$pid"
  kill "$other"
}

@test "a record with a cut line, or none at all" {
  run on_record status
  assert_status 0
  assert_output "processes: []"
  printf -- '- {id: "1.2", role: "engine", pid: 1, ti' >"$RECORD"
  run on_record stop
  assert_status 0
}

@test "errors: no such program, no such directory, bad documents, unknown verbs" {
  run --separate-stderr start 2 /no/such/program
  assert_status 66
  assert_stderr --partial "/no/such/program: No such file or directory"
  run --separate-stderr launch start <<<"record: $RECORD"
  assert_status 65
  assert_stderr --partial "'program' must be an absolute path"
  run --separate-stderr launch start <<<"record: ["
  assert_status 65
  run --separate-stderr launch begin </dev/null
  assert_status 64
  assert_stderr --partial "unknown verb 'begin'"
}

@test "describe and --dry-run start nothing" {
  run launch describe
  assert_status 0
  assert_line 'name: "local"'
  run launch start --dry-run <<<"{record: $RECORD, program: /bin/sleep, arguments: [\"60\"]}"
  assert_status 0
  assert_line 'program: "/bin/sleep"'
  [[ ! -e $RECORD ]]
}
