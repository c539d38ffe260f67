#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines started by mpiexec: their kernels are the processes of the MPI program.

load ../lib/cluster

OPENMPI="mpiexec.openmpi --allow-run-as-root --oversubscribe"
MPICH=mpiexec.mpich

setup() {
  world_make
  world_enter
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  cluster_stop
}

need_openmpi() {
  command -v mpiexec.openmpi >/dev/null || skip "no Open MPI: install openmpi-bin"
  "$IPKIT_PYTHON" -c 'import mpi4py' 2>/dev/null || skip "no mpi4py: install python3-mpi4py"
}

controller() {
  in_background "$WORLD/controller.log" ipcontroller >"$WORLD/controller.pid"
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# mpi "LAUNCHER" N [OPTION…]: N engines; mpiexec's status is in the file `ended` when it has ended.
mpi() {
  local launcher=$1 n=$2
  shift 2
  # shellcheck disable=SC2016,SC2086
  in_background "$WORLD/mpi.log" bash -c '"$@" & echo $! >"$WORLD/engine-mpi.pid"; wait $!
    echo $? >ended' - $launcher -n "$n" ipengine --mpi "$@" >/dev/null
}

# says CODE OUTPUT: what `ipexec -p` of all engines prints.
says() {
  run --separate-stderr run_limited 30 ipexec -p "$1"
  assert_status 0
  assert_output "$2"
}

# Pids of the engines of this world.
engines() {
  local pid
  for pid in $(marked IPKIT_TEST_WORLD "$WORLD"); do
    if [[ $(ps -o args= -p "$pid") == "ipengine --mpi"* ]]; then echo "$pid"; fi
  done
}

# end_engines SIGNAL: all of them get it, and mpiexec finds nothing wrong with their end.
end_engines() {
  # shellcheck disable=SC2046
  kill "-$1" $(engines)
  wait_until 20 "the end of mpiexec" test -s ended
  assert_equal "$(<ended)" 0
  run cat "$WORLD/mpi.log"
  refute_output --partial "finalize"
  refute_output --partial "abort"
}

@test "rank and size are known, the id is the rank, collectives work" {
  need_openmpi
  controller
  mpi "$OPENMPI" 4
  run_limited 30 ipwait -n 4
  says 'f"{mpi_rank}/{mpi_size}"' $'0/4\n1/4\n2/4\n3/4'
  says 'MPI.COMM_WORLD.allreduce(mpi_rank)' $'6\n6\n6\n6'
  says 'import os; os.environ["IPKIT_MPI_RANK"] + os.environ["IPKIT_MPI_SIZE"]' $'04\n14\n24\n34'
  end_engines PWR
}

@test "two engines send to each other" {
  need_openmpi
  controller
  mpi "$OPENMPI" 4
  run_limited 30 ipwait -n 4
  run --separate-stderr run_limited 30 ipexec -t 1,3 'world = MPI.COMM_WORLD
if mpi_rank == 1:
    world.send({"a": [1, 2]}, dest=3)
    got = world.recv(source=3)
else:
    got = world.recv(source=1)
    world.send(len(got["a"]), dest=1)'
  assert_status 0
  run --separate-stderr run_limited 30 ipexec -t 1,3 -p 'got'
  assert_output $'2\n{"a": [1, 2]}'
  says 'mpi_rank' $'0\n1\n2\n3'
}

@test "SIGTERM to the engines is a clean end, also while they work" {
  need_openmpi
  controller
  mpi "$OPENMPI" 3
  run_limited 30 ipwait -n 3
  says 'MPI.COMM_WORLD.allreduce(1)' $'3\n3\n3'
  ipexec -a -t 1 'open("begun", "w").close(); import time; time.sleep(60)' >job
  wait_until 20 "the request to run" test -e begun
  end_engines TERM
}

no_engines() { [[ -z $(ipls 2>/dev/null) ]]; }

@test "SIGTERM to mpiexec leaves nothing behind" {
  need_openmpi
  controller
  mpi "$OPENMPI" 3
  run_limited 30 ipwait -n 3
  says 'MPI.COMM_WORLD.allreduce(1)' $'3\n3\n3'
  kill "$(<"$WORLD/engine-mpi.pid")"
  wait_until 20 "the end of mpiexec" test -s ended
  wait_until 20 "the end of the engines" no_engines
}

@test "an id that is taken: the rank stays, the id is another" {
  need_openmpi
  controller
  in_background "$WORLD/engine-0.log" ipengine >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
  mpi "$OPENMPI" 3
  run_limited 30 ipwait -n 4
  run --separate-stderr run_limited 30 ipexec -t 1-3 -p 'mpi_rank'
  assert_status 0
  assert_equal "$(sort <<<"$output")" $'0\n1\n2'
}

@test "a kernel that dies ends the MPI program, whatever --restart says" {
  need_openmpi
  controller
  mpi "$OPENMPI" 3 --restart=on-failure
  run_limited 30 ipwait -n 3
  run --separate-stderr run_limited 30 ipexec -t 1 'import os; os._exit(3)'
  assert_status 1
  assert_stderr --partial "exit status 3"
  wait_until 20 "the end of mpiexec" test -s ended
  [[ $(<ended) != 0 ]]
}

@test "a shell's engines know rank and size" {
  need_openmpi
  controller
  mpi "$OPENMPI" 2 --kernel=sh
  run_limited 30 ipwait -n 2
  # shellcheck disable=SC2016
  run --separate-stderr run_limited 30 ipexec --sh 'echo $IPKIT_MPI_RANK of $IPKIT_MPI_SIZE'
  assert_equal "$(sort <<<"$output")" $'0 of 2\n1 of 2'
  end_engines PWR
}

@test "MPICH, and code of one's own instead of mpi4py" {
  command -v mpiexec.mpich >/dev/null || skip "no MPICH: install mpich"
  "$IPKIT_PYTHON" -c 'import ctypes; ctypes.CDLL("libmpich.so.12")' 2>/dev/null ||
    skip "no libmpich.so.12: install libmpich12"
  controller
  # The numbers are those of MPICH's mpi.h.
  mpi "$MPICH" 4 --IPEngine.init_mpi='
import ctypes
mpi = ctypes.CDLL("libmpich.so.12", mode=ctypes.RTLD_GLOBAL)
WORLD, INT, SUM = 0x44000000, 0x4c000405, 0x58000003
mpi.MPI_Init(None, None)
rank, total = ctypes.c_int(), ctypes.c_int()
mpi.MPI_Comm_rank(WORLD, ctypes.byref(rank))
def allreduce():
    mpi.MPI_Allreduce(ctypes.byref(rank), ctypes.byref(total), 1, INT, SUM, WORLD)
    return total.value
'
  run_limited 30 ipwait -n 4
  says 'rank.value' $'0\n1\n2\n3'
  says 'allreduce()' $'6\n6\n6\n6'
  says 'mpi.MPI_Finalize()' $'0\n0\n0\n0'
  end_engines PWR
}

@test "without mpiexec --mpi is one process; it cannot go to the background" {
  need_openmpi
  controller
  in_background "$WORLD/engine-0.log" ipengine --mpi >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
  says 'f"{mpi_rank}/{mpi_size}"' 0/1
  run --separate-stderr run_limited 15 ipengine --mpi --daemonize
  assert_status 64
  assert_stderr --partial "--daemonize"
}

@test "of a great many, each asks for its rank in its turn" {
  controller
  in_background "$WORLD/engine-0.log" env OMPI_COMM_WORLD_RANK=120 OMPI_COMM_WORLD_SIZE=200 \
    ipengine --mpi --IPEngine.init_mpi= --IPEngine.mpi_registration_delay=0.01 \
    >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
  run --separate-stderr run_limited 15 ipls
  assert_output 120
  says 'import os; os.environ["IPKIT_MPI_RANK"] + "/" + os.environ["IPKIT_MPI_SIZE"]' 120/200
}

@test "a descriptor that mpiexec hands down reaches the kernel, whatever its number" {
  controller
  echo here >file
  in_background "$WORLD/engine-0.log" bash -c 'exec ipengine 3<file 5<file' >"$WORLD/engine-0.pid"
  run_limited 20 ipwait -n 1
  says 'open(3).read() + open(5).read()' $'here\nhere'
}

# -- the launcher

# in_mpi N COMMAND [LINE…]: a cluster with N engines by that mpiexec; more lines for its profile.
in_mpi() {
  mkdir -p "$IPYTHONDIR/profile_default"
  printf '%s\n' "launcher: mpi" "mpi:" "  command: $2" "${@:3}" \
    >"$IPYTHONDIR/profile_default/ipkit.yaml"
  run --separate-stderr run_limited 60 ipcluster start -n "$1" --daemonize
}
no_files() { [[ -z $(ls "$IPYTHONDIR/profile_default/pid") ]]; }
stopped() {
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  no_files
  wait_until 20 "the end of all" none_marked IPKIT_TEST_WORLD "$WORLD"
}

@test "launcher mpi: start, the main job, collectives, stop" {
  need_openmpi
  in_mpi 3 "$OPENMPI" "engines: {env: {OTHER: 'a b'}}"
  assert_status 0
  assert_output --partial "3 engines ready (0-2)"
  run --separate-stderr bash -c \
    "seq 64 | ipscatter x | ipexec 'y = [int(v)**10 for v in x]' | ipgather y | tail -1"
  assert_output 1152921504606846976
  says 'MPI.COMM_WORLD.allreduce(mpi_rank)' $'3\n3\n3'
  says 'import os; os.environ["OTHER"]' $'a b\na b\na b'
  # They end together, and only together.
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 64
  assert_stderr --partial "is in the same MPI program and would end too"
  stopped
}

@test "launcher mpi: ipcluster is killed, and mpiexec too: stop ends everything all the same" {
  local mpi
  need_openmpi
  for mpi in "$OPENMPI" "$MPICH"; do
    command -v "${mpi%% *}" >/dev/null || continue
    in_mpi 2 "$mpi" "engines: {kernel: sh}"
    assert_status 0
    kill -KILL "$(jq .pid "$IPYTHONDIR/profile_default/pid/ipcluster.json")"
    stopped
  done
  # Open MPI's processes lose their mpiexec, and run on.
  in_mpi 2 "$OPENMPI" "engines: {kernel: sh}"
  kill -KILL "$(jq .pid "$IPYTHONDIR/profile_default/pid/ipcluster.json")"
  kill -KILL "$(sed -nE 's/.* pid: ([0-9]+),.*/\1/p' \
    "$IPYTHONDIR/profile_default/pid/ipcluster.mpi.launched")"
  run --separate-stderr run_limited 30 ipexec --sh 'echo alive'
  assert_output $'alive\nalive'
  stopped
}

@test "launcher mpi: what mpiexec says, in a line; none on PATH; no controllers" {
  need_openmpi
  in_mpi 2 "mpiexec.openmpi --allow-run-as-root --host localhost:1"
  assert_status 75
  assert_stderr --partial 'missing: 0-1 (mpiexec ended; last words: "There are not enough slots'
  if command -v mpiexec.mpich >/dev/null; then
    in_mpi 2 "$MPICH" "  options: [--nosuch]"
    assert_status 75
    assert_stderr --partial "unrecognized argument nosuch"
  fi
  in_mpi 2 mpiexec.none
  assert_status 69
  assert_stderr --partial "there is no command mpiexec.none on this machine"
  in_mpi 2 "$OPENMPI" "controller: {launcher: mpi}"
  assert_status 78
  assert_stderr --partial "controller.launcher: mpi starts engines only"
  no_files
}

@test "launcher mpi: one of two processes that never comes; both end together" {
  need_openmpi
  cat >slow <<'SH'
#!/bin/sh
if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then exec sleep 60; fi
exec /usr/bin/python3 "$@"
SH
  chmod +x slow
  IPKIT_PYTHON=$PWD/slow in_mpi 2 "$OPENMPI" "timeouts: {start: 4s}"
  assert_status 75
  assert_stderr --regexp "1 of 2 engines after 4.*missing: 1 \(running but not registered"
  stopped
}

@test "an mpi4py of another MPI than mpiexec is named in the log" {
  need_openmpi
  command -v mpiexec.mpich >/dev/null || skip "no MPICH: install mpich"
  in_mpi 2 "$MPICH"
  assert_status 0
  run --separate-stderr run_limited 30 ipexec -p mpi_rank
  assert_status 1
  grep -q "mpi4py is for Open MPI, and mpiexec is of another MPI" \
    "$IPYTHONDIR"/profile_default/log/ipengine-*.log
  stopped
}
