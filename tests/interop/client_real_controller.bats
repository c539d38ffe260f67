# SPDX-License-Identifier: BSD-3-Clause
# A real ipyparallel.Client and ipyparallel's own controller with our engines.
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
    in_background "$WORLD/engine-$i.log" "$IPKIT_BUILD/bin/ipengine" >"$WORLD/engine-$i.pid"
  done
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "ids" { check_client ids; }
@test "apply on all, on one, and asynchronously" { check_client apply; }
@test "push and pull of nested values" { check_client push_pull; }
@test "push and pull of a NumPy array" { check_client numpy; }
@test "scatter, execute, gather" { check_client scatter_gather; }
@test "load-balanced map" { check_client balanced_map; }
@test "what remote code prints" { check_client output; }
@test "a remote exception with its traceback" { check_client exception; }
@test "queue status" { check_client queues; }
@test "abort of a queued request" { check_client abort; }
