# SPDX-License-Identifier: BSD-3-Clause
# Our commands for namespaces and jobs with a cluster that is all ipyparallel's.
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

# client CODE: a real client runs it; `client` and `view` (all engines) are there.
client() {
  run_limited 30 "$REAL_PYTHON" - "$1" <<'END'
import sys
import ipyparallel
client = ipyparallel.Client()
view = client[:]
exec(sys.argv[1])
END
}

@test "ipclear: what a client defined is gone" {
  client 'view.push({"x": 1}, block=True)'
  quick ipclear -t 1
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(client 'print(view.apply_sync(lambda: "x" in globals()))')" "[True, False]"
  quick ipclear --sh
  assert_status 68
}
