# SPDX-License-Identifier: BSD-3-Clause
# Our commands with a cluster that is all ipyparallel's: controller and engines.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  in_background "$WORLD/controller.log" "$REAL_PYTHON" -m ipyparallel.controller --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 30 "the real controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json"
  local i
  for i in 0 1; do
    in_background "$WORLD/engine-$i.log" "$REAL_PYTHON" -m ipyparallel.engine \
      >"$WORLD/engine-$i.pid"
  done
  wait_until 60 "2 real engines" engines_answer 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

@test "ipls and ipstat list the engines" {
  quick ipls
  assert_output $'0\n1'
  quick ipstat
  assert_status 0
  quick ipwait -n 2
  assert_status 0
}

@test "ipexec tells of an exception there" {
  quick ipexec -t 0 '1/0'
  assert_status 1
  assert_stderr --partial 'ZeroDivisionError: division by zero'
}

@test "job words of requests to them" {
  quick ipexec -a 'y = 1'
  assert_status 0
  quick ipwait "${lines[@]}"
  assert_status 0
  quick ipexec -a -t 0 '1/0'
  quick ipwait "${lines[@]}"
  assert_status 1
}

@test "what only our engines can do is refused, with the reason" {
  quick ippush a=30
  assert_status 68
  assert_stderr --partial 'not started by ipkit'
}
