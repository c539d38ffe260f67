#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Many engines and many clients at one controller: nobody is lost, who is too many is told so, and
# nothing stays behind. The engines are simulated (bench/fleet.cpp): the real ones would take the
# machine.

load ../lib/cluster

setup() {
  world_make
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
  mkfifo "$WORLD/hold"
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

# start_controller [FILES]: with at most so many open files.
start_controller() {
  in_background "$WORLD/controller.log" bash -c "${1:+ulimit -n $1;} exec ipcontroller" \
    >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# engines N: simulated ones, which stay. Their figures are in engine-fleet.log.
engines() {
  # shellcheck disable=SC2016 # the inner shell's
  in_background "$WORLD/engine-fleet.log" bash -c 'exec "$@" <>"$WORLD/hold"' - \
    "$IPKIT_BUILD/bench/fleet" "$SECURITY" "$1" --limit=25 >"$WORLD/engine-fleet.pid"
  wait_until 28 "the fleet" grep -q '^ready' "$WORLD/engine-fleet.log"
}

# figure NAME: one of theirs, a whole number.
figure() {
  sed -n "s/^$1 \([0-9]*\)\..*/\1/p" "$WORLD/engine-fleet.log"
}

clients() {
  run_limited 25 "$IPKIT_BUILD/bench/clients" "$SECURITY/ipcontroller-client.json" "$@"
}

open_files() {
  compgen -G "/proc/$(<"$WORLD/controller.pid")/fd/*" | wc -l
}

@test "a hundred engines at once: none is lost, all answer a broadcast" {
  start_controller
  engines 100
  [[ $(figure registered) == 100 && $(figure lost) == 0 && $(figure missing) == 0 ]]
  run clients broadcast 3 1024
  assert_status 0
  assert_output --partial "engines 100.000"
  [[ $(run_limited 20 ipls | wc -l) == 100 ]]
}

@test "too few open files: engines are refused with the number needed, the others work" {
  start_controller 256
  engines 24
  local registered refused
  registered=$(figure registered) refused=$(figure refused)
  ((registered > 8 && refused > 0 && registered + refused == 24))
  [[ $(figure lost) == 0 ]]
  local said="256 open files, enough for $registered engines; $((registered + 1)) need"
  grep -q "$said [0-9]*: ulimit -n, 8 more for each engine" "$WORLD/engine-fleet.log"
  grep -q "registration refused: .*$said" "$WORLD/controller.log"
  # A real one hears the same, and clients have their place.
  run --separate-stderr run_limited 25 ipengine --kernel=echo
  assert_status 255 # as ipyparallel has it
  assert_stderr --partial "$said"
  run clients broadcast 3 1024
  assert_output --partial "engines $registered.000"
  [[ $(run_limited 20 ipls | wc -l) == "$registered" ]]
}

@test "more connections than open files: refused, and the controller goes on" {
  start_controller 256
  run_limited 40 "$IPKIT_PYTHON" - "$SECURITY/ipcontroller-client.json" \
    "$(<"$WORLD/controller.pid")" <<'PYTHON'
import json, os, socket, sys
file, pid = json.load(open(sys.argv[1])), sys.argv[2]
local = ('%s-%d' % (file['ipkit']['local'], file['registration'])).encode()
held, refused = [], 0
for _ in range(400):
    for family, address in ((socket.AF_UNIX, b'\0' + local),
                            (socket.AF_INET, ('127.0.0.1', file['registration']))):
        peer = socket.socket(family)
        peer.settimeout(10)
        peer.connect(address)
        held.append(peer)
for peer in held:
    try:
        if not peer.recv(1):   # a greeting, or the end
            refused += 1
    except OSError:
        refused += 1
assert 500 < refused < 800, refused
os.kill(int(pid), 0)
PYTHON
  # They have gone: it serves as before.
  in_background "$WORLD/engine-0.log" ipengine --kernel=echo >"$WORLD/engine-0.pid"
  wait_until 20 "an engine" bash -c '[[ $(ipls 2>/dev/null) == 0 ]]'
}

@test "clients that come and go leave no open files and no memory" {
  start_controller
  clients visits 100 # what is made at first use
  local before after files
  files=$(open_files)
  before=$(awk '/VmRSS/ {print $2}' "/proc/$(<"$WORLD/controller.pid")/status")
  clients visits 400
  same_files() { (($(open_files) <= files + 1)); }
  wait_until 10 "closed connections" same_files
  after=$(awk '/VmRSS/ {print $2}' "/proc/$(<"$WORLD/controller.pid")/status")
  # One connection held for each would be 400 * 30 kB.
  at_most "$after" $((before + 2048)) "the controller, $before kB before"
}
