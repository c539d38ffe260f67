#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/hpc-recipes.md: an MPI computation is steered while it runs, with Open MPI and with MPICH.
load ../lib/cluster
load page

setup() {
  world_make
  world_enter
  PAGE=$ROOT/docs/hpc-recipes.md
  # What Open MPI wants on a small machine, and from root.
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_MCA_rmaps_base_oversubscribe=1
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

# mpi NAME: mpicc and mpiexec are those of openmpi or mpich.
mpi() {
  local program
  mkdir bin
  for program in mpicc mpiexec; do
    command -v $program.$1 >/dev/null || skip "no $program.$1: install lib$1-dev and its programs"
    printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v $program.$1)" >bin/$program
    chmod +x bin/$program
  done
  PATH=$PWD/bin:$PATH
}

@test "Open MPI" {
  mpi openmpi
  page "Steering an MPI computation"
}

@test "MPICH" {
  mpi mpich
  # Debian's mpi4py is for Open MPI.
  mkdir -p "$IPYTHONDIR/profile_default"
  echo 'engines: {args: [--IPEngine.init_mpi=]}' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  page "Steering an MPI computation"
}
