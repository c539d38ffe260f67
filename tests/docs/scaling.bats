#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/scaling.md: its clusters of clusters do what the page shows.
load ../lib/cluster
load page

setup() {
  world_make
  world_enter
  PAGE=$ROOT/docs/scaling.md
}
teardown() {
  run_limited 60 ipcluster stop --all >/dev/null 2>&1 || true
  assert_world_empty
}

@test "controllers of controllers" { page "Controllers of controllers"; }

@test "no section of the page is left out" {
  every_section_is_run 1
}
