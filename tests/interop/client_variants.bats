# SPDX-License-Identifier: BSD-3-Clause
# A real ipyparallel.Client with our controller started in unusual ways, and our engines.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
}
teardown() { cluster_stop; }

# engines N ARG…: a controller with these arguments, and N engines.
engines() {
  local i n=$1
  shift
  in_background "$WORLD/controller.log" "$IPKIT_BUILD/bin/ipcontroller" "$@" \
    >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
  for ((i = 0; i < n; i++)); do
    in_background "$WORLD/engine-$i.log" "$IPKIT_BUILD/bin/ipengine" >"$WORLD/engine-$i.pid"
  done
  wait_until 30 "$n engines" engines_answer "$n"
}


@test "all ports from a range, clients and engines on different addresses" {
  engines 2 --ports=20600-20630 --IPController.engine_ip=127.0.0.2
  check_client apply
}

@test "transport ipc: our engine and one of ipyparallel's" {
  engines 1 --transport=ipc --ip="$WORLD/socket"
  in_background "$WORLD/engine-1.log" "$REAL_PYTHON" -m ipyparallel.engine >"$WORLD/engine-1.pid"
  wait_until 30 "2 engines" engines_answer 2
  check_client apply
  check_client balanced_map
  check_client broadcast
  check_client output
}
