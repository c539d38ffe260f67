# SPDX-License-Identifier: BSD-3-Clause
# CURVE on all interfaces: a real ipyparallel.Client and our own programs, an engine of each kind.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  in_background "$WORLD/controller.log" "$IPKIT_BUILD/bin/ipcontroller" --ip='*' --enable-curve \
    >"$WORLD/controller.pid"
  FILE=$IPYTHONDIR/profile_default/security/ipcontroller-client.json
  export FILE
  wait_until 20 "the controller's connection file" test -s "${FILE/client/engine}"
  in_background "$WORLD/engine-0.log" "$REAL_PYTHON" -m ipyparallel.engine >"$WORLD/engine-0.pid"
  wait_until 30 "the first engine" engines_answer 1
  in_background "$WORLD/engine-1.log" "$IPKIT_BUILD/bin/ipengine" >"$WORLD/engine-1.pid"
  wait_until 30 "the second engine" engines_answer 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "the client has keys" { check_client encrypted; }
@test "apply on all, on one, and asynchronously" { check_client apply; }
@test "push and pull of a NumPy array" { check_client numpy; }
@test "scatter, execute, gather" { check_client scatter_gather; }
@test "load-balanced map" { check_client balanced_map; }
@test "broadcast, coalescing and not" { check_client broadcast; }
@test "what remote code prints" { check_client output; }
@test "a remote exception with its traceback" { check_client exception; }
@test "abort of a queued request" { check_client abort; }

@test "our own programs, on the engine that is ours" {
  run --separate-stderr run_limited 20 ipexec -t 1 'print(6 * 7)'
  assert_status 0
  assert_output 42
  run --separate-stderr run_limited 20 bash -c 'seq 3 | ipmap -t 1 "x * x"'
  assert_output $'1\n4\n9'
}

@test "without the server's key, or with another one, nobody gets in" {
  "$IPKIT_PYTHON" - "$FILE" <<'PYTHON'
import json, os, sys, zmq
file = json.load(open(sys.argv[1]))
for name, key in ('none', None), ('other', zmq.curve_keypair()[0].decode()):
    file['curve_serverkey'] = key
    with open(name + '.json', 'w', opener=lambda p, f: os.open(p, f, 0o600)) as out:
        json.dump(file, out)
PYTHON
  local name
  for name in none other; do
    run --separate-stderr run_limited 20 ipls --connection $name.json --connect-timeout 2s
    assert_output ""
    assert_status 77
  done
}
