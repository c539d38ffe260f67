#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/patterns.md: every example gives what the page shows.
load ../lib/cluster
load page

setup_file() {
  world_make
  # Where the engines are, files are.
  mkdir "$WORLD/desk"
  cd "$WORLD/desk" || return
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  PAGE=$ROOT/docs/patterns.md
  cd "$WORLD/desk" || return
}

@test "message passing" { page "Message passing"; }
@test "task farm" { page "Task farm"; }
@test "tuple space" { page "Tuple space"; }
@test "bulk-synchronous steps" { page "Bulk-synchronous steps (BSP)"; }
@test "MapReduce" { page "MapReduce"; }
@test "reduction over 1,000 files" { page "Reduction over 1,000 files"; }

@test "no section of the page is left out" {
  every_section_is_run 6
}
