#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A durable controller with engines of ipyparallel's: they drop what comes a second time, so what
# they have answered to nobody must not be waited for.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

controller() {
  : >"$WORLD/controller.out"
  in_background "$WORLD/controller.out" ipcontroller --durable --ping=1000 "$@" \
    >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.out"
  cat "$WORLD/controller.out" >>"$WORLD/controller.log"
}

is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# unread PORT: bytes have come to a connection of it that nobody has taken.
unread() {
  awk -v port="$(printf ':%04X' "$1")" '
    substr($2, 9) == port && $4 == "01" && substr($5, 10) != "00000000" {found = 1}
    END {exit !found}' /proc/net/tcp
}

# A task that an engine has answered to a controller that was killed before it read that.
lose_a_reply() {
  controller
  in_background "$WORLD/engine-0.log" "$REAL_PYTHON" -m ipyparallel.engine >"$WORLD/engine-0.pid"
  run_limited 30 ipwait -n 1
  JOB=$(ipsubmit "$@" -p "(open('$PWD/began', 'w').close(), [0 for _ in iter(lambda: \
__import__('os').path.exists('$PWD/go'), True) if __import__('time').sleep(0.01)], 'done')[-1]")
  wait_until 20 "it to run" test -e began
  local pid
  pid=$(<"$WORLD/controller.pid")
  kill -STOP "$pid"
  touch go
  wait_until 20 "the reply" unread "$(jq .task "$SECURITY/ipcontroller-engine.json")"
  kill -KILL "$pid"
  wait_until 20 "its end" is_gone "$pid"
  controller --restore
}

@test "a reply that died with its controller: the task fails and says so, the engine works on" {
  lose_a_reply
  run --separate-stderr run_limited 90 ipwait --timeout 80 "$JOB"
  assert_status 1
  run --separate-stderr run_limited 20 ipresult "$JOB"
  assert_status 1
  assert_stderr --partial "has not answered task"
  run --separate-stderr run_limited 20 ipmap 'x * 2' ::: 21
  assert_output 42
}

@test "with retries it runs on another engine" {
  lose_a_reply --retries 1
  in_background "$WORLD/engine-1.log" ipengine >"$WORLD/engine-1.pid"
  run --separate-stderr run_limited 90 ipresult --timeout 80 "$JOB"
  assert_status 0
  assert_output "done"
}
