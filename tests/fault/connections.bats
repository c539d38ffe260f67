#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# More connections than anybody needs: who has work does not notice, and when there is no file left
# for one more, whoever comes is told so, and engines have their places.

load ../lib/cluster

setup() {
  world_make
  world_enter
  CLIENTS=$IPYTHONDIR/profile_default/security/ipcontroller-client.json
  mkfifo "$WORLD/hold"
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  [[ -z ${CROWD-} ]] || kill "$CROWD" 2>/dev/null || true
  cluster_stop
}

# start [FILES]: a controller with at most so many open files, and an engine.
start() {
  in_background "$WORLD/controller.log" bash -c "${1:+ulimit -n $1;} exec ipcontroller" \
    >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  in_background "$WORLD/engine-0.log" ipengine >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
}

# crowd NUMBER [silent]: returns when all of it has tried; HELD and REFUSED say how many.
crowd() {
  # shellcheck disable=SC2016 # the inner shell's
  CROWD=$(in_background "$WORLD/crowd.log" bash -c 'exec "$@" <>"$WORLD/hold"' - \
    "$IPKIT_PYTHON" "$ROOT/tests/fault/crowd.py" "$CLIENTS" "$@")
  wait_until 60 "the crowd" grep -q '^[0-9]' "$WORLD/crowd.log"
  read -r HELD REFUSED <"$WORLD/crowd.log"
}

rss() { awk '/VmRSS/ {print $2}' "/proc/$(<"$WORLD/controller.pid")/status"; }
open_files() { compgen -G "/proc/$(<"$WORLD/controller.pid")/fd/*" | wc -l; }

works() {
  run --separate-stderr run_limited 20 ipexec -p '6*7'
  assert_status 0
  assert_output 42
  run --separate-stderr run_limited 20 bash -c "seq 100 | ipmap 'int(x)*2' | tail -n 1"
  assert_output 200
}

@test "10,000 connections: whoever has work does not notice, and they cost 30 kB each" {
  local number=10000 before files most
  most=$(ulimit -Hn)
  if [[ $most != unlimited ]] && ((most < number + 2000)); then number=$((most - 2000)); fi
  start
  works
  before=$(rss) files=$(open_files)
  crowd "$number"
  [[ $HELD == "$number" ]]
  works
  at_most "$(rss)" $((before + number * 40)) "the controller, $before kB before"
  kill "$CROWD"
  as_before() { (($(open_files) <= files + 2)); }
  wait_until 60 "their end" as_before
  works
}

@test "more than open files: refused with the limit, an engine that was cut off comes back" {
  start 512
  ipexec "$(held go 'print("done")')" >out 2>err 3>&- &
  local client=$!
  is_busy() { ipstat --json 2>/dev/null | jq -e 'any(.. | objects | .queue? // 0; . != 0)'; }
  running() { [[ $(run_limited 10 ipstat | grep -c running) != 0 ]]; }
  crowd 600
  ((HELD > 300 && HELD + REFUSED == 600))
  run --separate-stderr run_limited 20 ipexec -p '6*7'
  assert_status 69
  assert_stderr --partial "no open files left for one more connection (its limit is 512)"
  [[ $(grep -c 'connections are refused: .* 512 open files .* kept for engines' \
    "$WORLD/controller.log") == 1 ]]
  "$IPKIT_PYTHON" "$ROOT/tests/fault/crowd.py" --cut "$(<"$WORLD/engine-0.pid")"
  touch go
  wait "$client"
  [[ $(<out) == "done" ]]
  kill "$CROWD"
  wait_until 20 "a place" works
}
