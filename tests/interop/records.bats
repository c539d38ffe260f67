#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Task records as a real ipyparallel.Client sees them: in a database, in memory, nowhere.
# shellcheck disable=SC2154

load ../lib/cluster
load client

setup_file() { find_ipyparallel; }
setup() {
  world_make
  world_enter
  RECORDS=$IPYTHONDIR/profile_default/tasks.db
}
teardown() {
  run_limited 30 ipcluster stop --all </dev/null >/dev/null 2>&1 || true
  assert_world_empty
}

ask() { run --separate-stderr run_limited 60 "$@"; }

# cluster ARG…: a cluster whose controller has these options.
cluster() {
  local args=""
  for arg; do args+="${args:+, }'$arg'"; done
  mkdir -p "$IPYTHONDIR/profile_default"
  printf 'controller:\n  args: [%s]\n' "$args" >"$IPYTHONDIR/profile_default/ipkit.yaml"
  ask ipcluster start -n 1 --daemonize
  assert_status 0
}

# client CODE: Python with `rc`, a connected client.
client() {
  ask "$REAL_PYTHON" -c "
import ipyparallel, sys
rc = ipyparallel.Client(timeout=20)
$1"
}

# What a task leaves, as columns that can be compared.
FACTS='
keys = ["queue", "completed", "result_content", "stdout", "result_buffers"]
for r in rc.db_query({"queue": "task"}, keys=keys):
    print(r["queue"], r["completed"] is not None, r["result_content"]["status"],
          repr(r["stdout"]), len(r["result_buffers"]))'
FOUND="task True ok 'hello\\n' 1
task True ok '' 1"

@test "records outlive the controller, in a file that is its owner's" {
  cluster
  client 'v = rc.load_balanced_view()
hello = v.apply_async(lambda: print("hello"))
hello.get(20)
hello.wait_for_output(20)
v.apply_sync(abs, -2)
'"$FACTS"
  assert_status 0
  assert_output "$FOUND"
  [[ $(stat -c %a "$RECORDS") == 600 ]]
  ask ipcluster stop
  assert_status 0
  [[ ! -e $RECORDS-wal ]]
  cluster
  client "$FACTS"
  assert_status 0
  assert_output "$FOUND"
  client 'rc.purge_everything(); print(rc.hub_history(), rc.db_query({}))'
  assert_output "[] []"
}

@test "--dictdb makes no file, --nodb answers that nothing is kept" {
  cluster --dictdb
  client 'rc[:].apply_sync(abs, -2); print(len(rc.hub_history()))'
  assert_output 1
  [[ ! -e $RECORDS ]]
  ask ipcluster stop
  cluster --nodb
  client 'rc[:].apply_sync(abs, -2)
try: rc.hub_history()
except Exception as e: print(e.ename)'
  assert_output NoData
  [[ ! -e $RECORDS ]]
}

@test "--record-limit keeps the last ones" {
  cluster --record-limit=20
  client 'v = rc.load_balanced_view()
v.map_sync(abs, range(200), chunksize=1)
last = rc.history[-1]
import time
limit = time.monotonic() + 10
while True:
    kept = rc.hub_history()
    if 1 <= len(kept) <= 20 or time.monotonic() > limit: break
    time.sleep(0.05)
print(1 <= len(kept) <= 20)'
  assert_status 0
  assert_output True
}

@test "a database that cannot be used stops the controller with the reason" {
  mkdir -p "$(dirname "$RECORDS")"
  head -c 5000 /dev/zero | tr '\0' n >"$RECORDS"
  ask ipcontroller
  assert_status 66
  assert_stderr --partial "$RECORDS: file is not a database; move it away"
  rm "$RECORDS"
  "$REAL_PYTHON" -c '
import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("pragma user_version = 99").connection.commit()' "$RECORDS"
  ask ipcontroller
  assert_status 77
  assert_stderr --partial "was made by a newer version of ipkit"
}

@test "limits that are none are refused" {
  for limit in x 30y 10GB -1 99999999999999999999 "1,,"; do
    ask ipcontroller --record-limit="$limit"
    assert_status 64
    assert_stderr --partial "--record-limit: '$limit' is not a list of limits"
  done
}
