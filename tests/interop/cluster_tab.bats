#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipyparallel's tab "Clusters" in a notebook server, by the calls it makes, with our programs.

load ../lib/cluster

setup_file() { world_make; }
teardown_file() { assert_world_empty; }
setup() { world_enter; }

@test "a cluster started from the tab has our controller and engines, and both sides attach" {
  run run_limited 120 /usr/bin/python3 "$ROOT/tests/interop/cluster_tab.py"
  assert_status 0
  assert_line "client: True [0, 1]"
  assert_line "ipls: ['0', '1']"
  assert_line "listed: 1"
  assert_line "left: False"
}
