#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/hpc-recipes.md: every script runs as it stands, under stand-ins for the batch systems.
load ../lib/cluster

setup() {
  world_make
  world_enter
  export PATH=$ROOT/tests/docs/standin:$PATH STANDIN_NEXT_JOB=$WORLD/next-job
  export STANDIN_USR1_WHEN='test -s results'
}
# Every recipe stops what it has started.
teardown() { assert_world_empty; }

page() {
  run_limited 120 "$IPKIT_PYTHON" "$ROOT/tests/docs/run_page" "$ROOT/docs/hpc-recipes.md" "$@"
}

@test "one node" { page "One node"; }
@test "several nodes" { page "Several nodes"; }
@test "walltime" { page "Walltime"; }
@test "arrays" { page "Arrays"; }
@test "PBS and SGE" { page "PBS and SGE"; }
@test "modules, conda and virtual environments" { page "Modules, conda and virtual environments"; }
@test "cron" { page "A cluster that is always there: cron"; }

@test "no section of the page is left out, and its scripts are in order" {
  page >sections
  while read -r section; do
    grep -qF "page \"$section\"" "$BATS_TEST_FILENAME" || fail "not run: $section"
  done <sections
  assert_equal "$(wc -l <sections)" 7
  page "Arrays" # writes all of them
  for script in *.sbatch *.pbs *.sge nightly; do bash -n "$script"; done
}
