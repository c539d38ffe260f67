#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Messages between engines when the controller goes away and comes back: errors or messages, no
# silence.
load ../lib/cluster

setup() {
  world_make
  world_enter
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

# controller [OPTION…]: starts one and waits until it is ready.
controller() {
  : >"$WORLD/controller.log"
  in_background "$WORLD/controller.log" ipcontroller --ping=250 "$@" >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

die() {
  kill -KILL "$(<"$WORLD/controller.pid")"
  wait_until 20 "its end" bash -c "! kill -0 $(<"$WORLD/controller.pid") 2>/dev/null ||
    grep -q '^State:.Z' /proc/$(<"$WORLD/controller.pid")/status"
}

joined() { grep -q "joined the controller again" "$WORLD/engine-$1.log"; }

@test "a wait goes on when the controller is there again; a message under way is an error" {
  controller
  for i in 0 1; do
    in_background "$WORLD/engine-$i.log" ipengine --max-heartbeat-misses=0 >"$WORLD/engine-$i.pid"
    run_limited 20 ipwait -n $((i + 1))
  done
  run_limited 20 ipexec -n 'import ipkit'
  # 0 waits for 1, which waits for room at 0: neither answer of theirs can come now. When an engine
  # has answered another connection twice, it has begun with what was asked before.
  ipexec -n -a -t 0 'got = ipkit.receive(1, tag="later")' >waits
  ipexec -n -a -t 1 'ipkit.send(0, bytes(70_000_000))
sends = ipkit._Connection(); sends.tell({"op": "send", "to": [0]}, b"too much")
ipkit.ids; ipkit.ids
open("sending", "w").close()
told = sends.input.readline().decode()' >sends
  wait_until 20 "the second message" test -e sending
  die
  controller
  for i in 0 1; do wait_until 20 "engine $i to join" joined "$i"; done
  run_limited 20 ipwait -n 2
  run --separate-stderr run_limited 20 ippull -n -t 1 told
  assert_output --partial 'the controller was away: whether the message came is not known'
  run_limited 20 ipexec -n -t 1 'ipkit.send(0, "all is well", tag="later")'
  run --separate-stderr run_limited 20 ippull -n -t 0 got
  assert_output 'all is well'
}
