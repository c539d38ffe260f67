#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/tutorial.md and docs/python.md, from top to bottom: what stands there is what comes.
load ../lib/cluster
load ../lib/slurm
load page

setup_file() {
  SLURM_MISSING=$(slurm_missing)
  export SLURM_MISSING
  world_make
  mkdir "$WORLD/desk"
  if [[ -z $SLURM_MISSING ]]; then slurm_up "$BATS_FILE_TMPDIR/slurm"; fi
}
teardown_file() {
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  run_limited 30 ipcluster stop --profile=night >/dev/null 2>&1 || true
  if [[ -n ${SLURM_DIR-} ]]; then slurm_down; fi
  assert_world_empty
}
# One section goes on where the last one ended.
setup() {
  world_enter
  PAGE=$ROOT/docs/tutorial.md
  cd "$WORLD/desk" || return
}

@test "start" { page "Start"; }
@test "code" { page "Code"; }
@test "values" { page "Values"; }
@test "maps" { page "Many small things: maps"; }
@test "jobs" { page "Things that take long: jobs"; }
@test "graphs" { page "Things that depend on others: graphs"; }
@test "the same on Slurm" {
  if [[ -n $SLURM_MISSING ]]; then skip "$SLURM_MISSING"; fi
  page "The same on Slurm"
}
@test "no section of the tutorial is left out" { every_section_is_run 7; }

python_page() {
  /usr/bin/python3 -c 'import ipyparallel' 2>/dev/null || skip "no python3-ipyparallel"
  PAGE=$ROOT/docs/python.md
  page "$@"
}
@test "python: a client" { python_page "A client"; }
@test "python: decorators" { python_page "Decorators"; }
@test "python: errors, and what is not waited for" {
  python_page "Errors and what is not waited for"
}
