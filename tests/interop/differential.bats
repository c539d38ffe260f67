#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipyparallel's controller and ours are asked the same, step by step; what comes back must be the
# same, but for what docs/ipython-differences.md and docs/protocol.md say.

load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
}
teardown() { assert_world_empty; }

# same SCENARIO…: they run side by side, and no message differs.
same() {
  local name
  PYTHONDONTWRITEBYTECODE=1 run run_limited 170 "$REAL_PYTHON" "$ROOT/tests/interop/differential" \
    "$WORLD/differential" "$@"
  assert_status 0
  for name; do
    assert_line --regexp "^$name: [0-9]+ steps, [0-9]+ messages, 0 problems"
  done
}

@test "every request, queue, record, task, broadcast, the coming and going of engines" {
  same everything
}

@test "schemes, limits, a heart that stops, no records, records in a file" {
  same any-number lru pure silent no-records in-file
}
