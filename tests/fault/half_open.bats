#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Connections that one side has lost and the other still holds: what is sent there goes nowhere. Who
# comes back under its name is heard in the end, nothing is lost, and nothing runs twice.

load ../lib/cluster

setup() {
  world_make
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  [[ ! -e $WORLD/relay.pid ]] || kill "$(<"$WORLD/relay.pid")"
  cluster_stop
}

# relay FILE: prints the file for those who come by it.
relay() {
  in_background "$WORLD/relay.log" "$IPKIT_PYTHON" "$ROOT/tests/fault/relay.py" "$1" \
    >"$WORLD/relay.pid"
  wait_until 20 "the relay" grep -q ready "$WORLD/relay.log"
  (umask 077 && jq '.interface = "tcp://127.0.0.2" | .location = "127.0.0.2" |
    del(.ipkit.local)' "$1" >"$WORLD/relayed.json")
  echo "$WORLD/relayed.json"
}

# lose LEAST: all connections of the relay, which are LEAST or more. The controller has them still,
# and hears no new ones of the same names, until `notice`, for which the system takes 15 s.
lose() {
  kill -USR1 "$(<"$WORLD/relay.pid")"
  wait_until 20 "the loss" grep -q lost "$WORLD/relay.log"
  (($(sed -n 's/^lost //p' "$WORLD/relay.log") >= $1))
}
notice() { kill -USR2 "$(<"$WORLD/relay.pid")"; }

# engine [OPTION…]: a controller, and an engine that comes by the relay.
engine() {
  in_background "$WORLD/controller.log" ipcontroller "$@" >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  in_background "$WORLD/engine-0.log" ipengine --max-heartbeat-misses=0 \
    --file="$(relay "$SECURITY/ipcontroller-engine.json")" >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
}
joined() { grep -q 'joined the controller again, as engine 0' "$WORLD/engine-0.log"; }

# begin NAME COMMAND…: its output goes to $WORLD/NAME.
begin() {
  local name=$1
  shift
  in_background "$WORLD/$name" timeout $((60 * IPKIT_SLOW)) \
    bash -c 'exec "$@" 2>"$0"' "$WORLD/$name.log" "$@" >"$WORLD/$name.client"
}
ended() { ! kill -0 "$(<"$WORLD/$1.client")" 2>/dev/null; }
# result NAME TEXT: what it has printed in the end.
result() {
  wait_until 60 "the end of $1" ended "$1"
  assert_equal "$(<"$WORLD/$1")" "$2"
}
# works N: engines have at least N tasks and requests that are not answered.
works() { (($(run_limited 20 ipstat -q | awk '{print $2}') >= $1)); }

# counted NAME EXPRESSION: one that is EXPRESSION, and counts in $WORLD/NAME.runs that it ran.
counted() { echo "[open('$WORLD/$1.runs', 'a').write('x'), $2][-1]"; }
runs() { assert_equal "$(wc -c <"$WORLD/$1.runs")" "$2"; }
# wait_for_go NAME: such a one, that does not end before `go NAME`.
wait_for_go() {
  mkfifo "$WORLD/$1.go"
  counted "$1" "open('$WORLD/$1.go').read() and 7"
}
go() {
  wait_until 20 "the code of $1" test -s "$WORLD/$1.runs"
  run_limited 20 bash -c 'echo go >"$1"' - "$WORLD/$1.go"
}

engine_loses() {
  engine "$@"
  begin running ipexec -t 0 -p "$(wait_for_go running)"
  wait_until 20 "the code" test -s "$WORLD/running.runs"
  begin behind bash -c 'seq 5 | ipmap "$0"' "$(counted behind x)"
  wait_until 20 "the task" works 2
  lose 7
  go running
  wait_until 20 "the tasks" test -s "$WORLD/behind.runs"
  wait_until 20 "a word" grep -q "the controller does not hear us; connecting anew" \
    "$WORLD/engine-0.log"
  notice
  result running 7
  result behind "$(seq 5)"

  wait_until 20 "the engine" joined
  : >"$WORLD/relay.log"
  lose 7
  begin direct ipexec -t 0 -p "$(counted direct 8)"
  begin map bash -c 'seq 50 | ipmap "$0"' "$(counted map x)"
  wait_until 20 "what is sent to it" works 2
  notice
  result direct 8
  result map "$(seq 50)"
  runs running 1
  runs behind 5
  runs direct 1
  runs map 50
}

@test "an engine's: all that was sent to it, or that it answered" { engine_loses; }
@test "an engine's, with --durable" { engine_loses --durable; }

client_loses() {
  local file name
  cluster_start 2 "$@"
  file=$(relay "$SECURITY/ipcontroller-client.json")
  begin direct ipexec --connection "$file" -t 0 -p "$(wait_for_go direct)"
  begin map bash -c 'seq 7 7 | ipmap -t 1 --connection "$0" "$1"' "$file" "$(wait_for_go map)"
  j=$(ipsubmit -t 1 -p 5)
  begin wait ipwait --connection "$file" "$j"
  for name in direct map; do wait_until 20 "the code" test -s "$WORLD/$name.runs"; done
  lose 4
  go direct
  go map
  wait_until 20 "the end of all work" idle
  notice
  result direct 7
  result map 7
  result wait ""
  runs direct 1
  runs map 1
}
idle() { [[ $(run_limited 20 ipstat -q | cut -d' ' -f1,2) == "0 0" ]]; }

@test "a client's: what was answered meanwhile arrives, once" { client_loses; }
@test "a client's, with --durable" { client_loses --durable; }
