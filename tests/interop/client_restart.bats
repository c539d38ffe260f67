# SPDX-License-Identifier: BSD-3-Clause
# Our controller ends and comes again; engines and a real ipyparallel.Client live on.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
  REAL_ENGINE=("$REAL_PYTHON" -m ipyparallel.engine)
}
teardown() { cluster_stop; }

# restart CHECK SIGNAL ENGINE…: restart.py's check.
restart() {
  run run_limited 90 "$REAL_PYTHON" "$ROOT/tests/interop/restart.py" "$@"
  assert_status 0
  assert_output ""
}

@test "--restore after a crash: ipyparallel's engines keep their ids and work on" {
  restart restored SIGKILL "${REAL_ENGINE[@]}"
}
@test "--restore after a crash: our engines keep their ids and work on" {
  restart restored SIGKILL "$IPKIT_BUILD/bin/ipengine"
}
@test "--restore after an orderly end" { restart restored SIGTERM "${REAL_ENGINE[@]}"; }
@test "--restore: an engine that ended meanwhile is noticed" {
  restart lost SIGKILL "${REAL_ENGINE[@]}"
}
@test "--restore with a range of ports" {
  cat >config.py <<<"c.IPController.ports = '20700-20730'"
  CONFIG=$PWD/config.py restart restored SIGKILL "${REAL_ENGINE[@]}"
}
@test "--restore with a CURVE key that is given, and a deeper tree" {
  # The pair of ZeroMQ's manual, known to everybody.
  export IPP_ENABLE_CURVE=1 IPP_CURVE_SECRETKEY='D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs'
  cat >config.py <<<"c.IPController.broadcast_scheduler_depth = 2"
  CONFIG=$PWD/config.py restart restored SIGKILL "${REAL_ENGINE[@]}"
}
@test "--reuse: the same files, engines count anew" { restart reused SIGTERM "${REAL_ENGINE[@]}"; }
