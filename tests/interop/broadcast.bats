# SPDX-License-Identifier: BSD-3-Clause
# Broadcasts of a real client: trees of every depth, subsets of the engines, failures inside.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
}
teardown() { cluster_stop; }

# check DEPTH CHECK…: broadcasting.py's checks with five engines and a tree of that depth.
check() {
  mkdir -p "$IPYTHONDIR/profile_default"
  printf 'controller:\n  args: ["--IPController.broadcast_scheduler_depth=%s"]\n' "$1" \
    >"$IPYTHONDIR/profile_default/ipkit.yaml"
  run_limited 60 ipcluster start -n 5 --daemonize >"$WORLD/start.log"
  run run_limited 90 "$REAL_PYTHON" "$ROOT/tests/interop/broadcasting.py" "$@"
  assert_status 0
  assert_output ""
}

@test "a tree of depth 0" { check 0 subsets failures code many; }
@test "a tree of depth 1" { check 1 subsets failures code many; }
@test "a tree of depth 2" { check 2 subsets failures code many; }
@test "a tree of depth 3, with leaves that have no engine" { check 3 subsets failures code many; }
@test "an engine dies in the middle, one tree" { check 0 death; }
@test "an engine dies in the middle, several leaves" { check 2 death; }
