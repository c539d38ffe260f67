#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/hpc-recipes.md: every script runs as it stands, under stand-ins for the batch systems.
load ../lib/cluster
load page

setup() {
  world_make
  world_enter
  PAGE=$ROOT/docs/hpc-recipes.md
  export PATH=$ROOT/tests/docs/standin:$PATH STANDIN_NEXT_JOB=$WORLD/next-job
  export STANDIN_USR1_WHEN='test -s results'
}
# Every recipe stops what it has started.
teardown() { assert_world_empty; }

@test "one node" { page "One node"; }
@test "several nodes" { page "Several nodes"; }
@test "walltime" { page "Walltime"; }
@test "arrays" { page "Arrays"; }
@test "PBS and SGE" { page "PBS and SGE"; }
@test "modules, conda and virtual environments" { page "Modules, conda and virtual environments"; }
@test "cron" { page "A cluster that is always there: cron"; }

@test "no section of the page is left out, and its scripts are in order" {
  every_section_is_run 8 mpi_steering.bats
  page "Arrays" # writes all of them
  for script in *.sbatch *.pbs *.sge nightly; do bash -n "$script"; done
}
