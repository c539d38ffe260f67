#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines that come with the tasks and go after them, as jobs of a real Slurm.

load ../lib/cluster
load ../lib/slurm

setup_file() {
  SLURM_MISSING=$(slurm_missing)
  export SLURM_MISSING
  if [[ -n $SLURM_MISSING ]]; then return; fi
  world_make
  slurm_up "$BATS_FILE_TMPDIR/slurm" || { tail -n 20 "$SLURM_DIR"/log/*; return 1; }
}
teardown_file() {
  if [[ -n ${SLURM_DIR-} ]]; then slurm_down; fi
}
setup() {
  if [[ -n $SLURM_MISSING ]]; then skip "$SLURM_MISSING"; fi
  world_make
  world_enter
  export IPKIT_KERNEL=sh
  PROFILE=$IPYTHONDIR/profile_default
}
teardown() {
  if [[ -n $SLURM_MISSING ]]; then return; fi
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
    squeue
    world_show_logs
  fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  scancel -u "$(id -un)"
  wait_until 20 "the end of all jobs" slurm_no_jobs
  assert_world_empty
}

jobs_are() { [[ $(squeue -h -r -t "$1" | wc -l) == "$2" ]]; }
engines_are() {
  (($(ipcluster status --json | jq '[.engines[] | select(.state == "ready")] | length') == $1))
}
has_ended() { [[ -s $WORLD/map.status ]]; }
# map_numbers N: N tasks that wait for the file `go`, in the background.
map_numbers() {
  in_background "$WORLD/map.log" bash -c "seq $1 |
    ipmap -k --chunk 1 --sh 'while [ ! -e $WORLD/go ]; do sleep 0.05; done; echo \$(({} * 2))' \
      >'$WORLD/map.out'
    echo \$? >'$WORLD/map.status'" >"$WORLD/map"
}

@test "jobs come when tasks wait, and end by themselves when nothing is to do" {
  run --separate-stderr run_limited 60 \
    ipcluster start --max 4 --idle-timeout 1s --engines=slurm --daemonize
  assert_status 0
  slurm_no_jobs
  map_numbers 20
  wait_until 60 "four engines" engines_are 4
  jobs_are running 4
  touch "$WORLD/go"
  wait_until 60 "the end of the tasks" has_ended
  assert_equal "$(<"$WORLD/map.status")" 0
  assert_equal "$(<"$WORLD/map.out")" "$(seq 2 2 40)"
  wait_until 40 "the end of the jobs" slurm_no_jobs
  # They ended by themselves.
  assert_equal "$(squeue -h -t all -o %T | sort -u)" COMPLETED
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  [[ -z $(ls "$PROFILE/pid") ]]
}

@test "what waits in Slurm's queue is requested, not running: status says so, and why" {
  mkdir -p "$PROFILE"
  printf 'batch: {queue: tiny, options: [--cpus-per-task=2]}\n' >"$PROFILE/ipkit.yaml"
  run --separate-stderr run_limited 60 ipcluster start --max 3 --engines=slurm --daemonize
  assert_status 0
  map_numbers 9
  wait_until 40 "two engines" jobs_are running 2
  wait_until 40 "the words on the third" bash -c 'ipcluster status | grep -q "PENDING (Resources)"'
  wait_until 20 "both at the hub" bash -c \
    'ipcluster status | grep -qxF "elastic     2 of 0-3 engines, 1 requested"'
  # Who removes one, removes what has not come yet.
  run --separate-stderr run_limited 30 ipcluster engines remove 1
  assert_status 0
  jobs_are running 2
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 40 ipcluster stop
  assert_status 0
  wait_until 20 "the end of the jobs" slurm_no_jobs
  wait_until 20 "the end of the tasks" has_ended
}
