#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines, and a controller, in jobs of a real Grid Engine.

load ../lib/cluster
load ../lib/gridengine

setup_file() {
  SGE_MISSING=$(sge_missing)
  export SGE_MISSING
  if [[ -n $SGE_MISSING ]]; then return; fi
  world_make
  sge_up "$BATS_FILE_TMPDIR/sge" || { tail -n 20 "$SGE_DIR"/log/*; return 1; }
}
teardown_file() {
  if [[ -n ${SGE_DIR-} ]]; then sge_down; fi
}
setup() {
  if [[ -n $SGE_MISSING ]]; then skip "$SGE_MISSING"; fi
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
}
teardown() {
  if [[ -n $SGE_MISSING ]]; then return; fi
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
    qstat
    world_show_logs
  fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  qdel -u '*' >/dev/null 2>&1
  wait_until 20 "the end of all jobs" sge_no_jobs
  assert_world_empty
}

# in_sge N [OPTION…]: a cluster with N engines in jobs.
in_sge() {
  run --separate-stderr run_limited 60 ipcluster start -n "$1" --engines=sge --daemonize "${@:2}"
}
no_files() { [[ -z $(ls "$PROFILE/pid") ]]; }

@test "start, the main job, stop: one array job, told of its end, and nothing is left" {
  in_sge 4
  assert_status 0
  assert_output --partial "4 engines ready (0-3)"
  assert_equal "$(qstat | awk 'NR > 2 {print $1}' | sort | uniq -c | awk '{print $1}')" 4
  assert_equal "$(find "$PROFILE/log" -name 'ipengine-*' -perm 600 | wc -l)" 4
  run --separate-stderr bash -c \
    "seq 64 | ipscatter x | ipexec 'y = [int(v)**10 for v in x]' | ipgather y | tail -1"
  assert_output 1152921504606846976
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  sge_no_jobs
  no_files
  run cat "$PROFILE"/log/ipcontroller-*.log
  # They left by themselves, in the time between Grid Engine's warning and its kill.
  assert_output --partial "engine 3 is gone"
  refute_output --partial "died"
}

@test "ipcluster is killed: stop ends the jobs all the same, a controller's too" {
  in_sge 3 --controller=sge
  assert_status 0
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  sge_no_jobs
  no_files
}

@test "more engines than slots: who waits is named, one is removed by id" {
  export IPKIT_KERNEL=sh
  in_sge 9 --timeout=15 --queue=all.q
  assert_status 75
  assert_stderr --regexp "8 of 9 engines after 15.*missing: 8 \(sge [0-9]+ qw \(.*all.q.* full"
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 0
  wait_until 20 "the one that waited" ninth_runs
  run --separate-stderr run_limited 30 ipwait -n 8
  assert_status 0
}
ninth_runs() { qstat | grep -qE ' r .* 9 *$'; }

@test "no such queue: Grid Engine's own words, status 78" {
  in_sge 2 --queue=nosuch
  assert_status 78
  assert_stderr --partial 'job requests unknown queue "nosuch"'
  no_files
}

@test "several engines in a task: not without the site's parallel environment" {
  mkdir -p "$PROFILE"
  echo 'batch: {per_node: 2}' >"$PROFILE/ipkit.yaml"
  in_sge 4
  assert_status 78
  assert_stderr --partial "batch.per_node: sge gives a task more than one slot by a parallel"
  assert_stderr --partial "qconf -spl names them; in batch.options: [-pe NAME 2]"
  echo 'batch: {per_node: 2, options: [-pe nosuch 2]}' >"$PROFILE/ipkit.yaml"
  in_sge 4
  assert_status 78
  assert_stderr --partial 'the requested parallel environment "nosuch" does not exist'
  no_files
}

@test "the node does not see the profile's directory: Grid Engine's own words" {
  unshare -m true 2>/dev/null || skip "no file systems can be mounted here"
  execd_on "mount -t tmpfs none '$IPYTHONDIR'"
  in_sge 2 --timeout=4
  assert_status 75
  assert_stderr --regexp \
    "0 of 2 .*missing: 0-1 \(sge [0-9]+ Eqw \(error: can't open output file .*No such"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  sge_no_jobs
  execd_on true
}
# execd_on COMMAND: Grid Engine's host is another machine, whose file systems COMMAND prepares.
execd_on() {
  local pid
  pid=$(sge_pid execd)
  kill "$pid"
  wait_until 20 "the end of execd" sge_is_down "$pid"
  (cd / && IPKIT_TEST_WORLD=$SGE_DIR unshare -m bash -c \
    "$1 && LD_PRELOAD='$SGE_PRELOAD' exec '$SGE_LIB/sge_execd'") </dev/null \
    >>"$SGE_DIR/log/execd" 2>&1 3>&-
  wait_until 40 "Grid Engine's queue" sge_queue_is_up
}

@test "a job that Grid Engine ends: where it is told how" {
  mkdir -p "$PROFILE"
  echo 'batch: {options: [-l h_rt=3]}' >"$PROFILE/ipkit.yaml"
  in_sge 1
  assert_status 0
  wait_until 60 "the word on it" grep -qE 'ended: sge [0-9]+ ended; how: qacct -j [0-9]+' \
    "$PROFILE/log/ipcluster.log"
  run --separate-stderr run_limited 30 ipcluster status
  assert_output --partial "ended; how: qacct -j"
}

@test "what Grid Engine has not is an error; options say it" {
  in_sge 2 --qos=high
  assert_status 78
  assert_stderr --partial "batch.qos: sge has nothing of that kind; say it in batch.options"
}

@test "Grid Engine is down: its own words, status 69, and stop can be said again later" {
  in_sge 1
  assert_status 0
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  local pid
  pid=$(sge_pid qmaster)
  kill "$pid"
  wait_until 20 "the end of the master" sge_is_down "$pid"
  run --separate-stderr run_limited 60 ipcluster stop
  assert_status 69
  assert_stderr --partial "qmaster"
  sge_daemon qmaster
  wait_until 20 "Grid Engine's master" sge_answers
  # The host would look for its master every half minute only. A job that is deleted by force before
  # the host is back is off the list, and runs on.
  pid=$(sge_pid execd)
  kill "$pid"
  wait_until 20 "the end of the host's daemon" sge_is_down "$pid"
  sge_daemon execd
  wait_until 60 "Grid Engine's host" sge_queue_is_up
  run --separate-stderr run_limited 60 ipcluster stop
  assert_status 0
  sge_no_jobs
  no_files
}

@test "the walltime: the job's limit, and engines that end before" {
  # The job may be over when ipcluster has said that its engine is ready.
  (until qstat -j '*' | grep 'h_rt=10'; do sleep 0.05; done) >limit 2>&1 3>&- &
  local looks=$!
  IPKIT_KERNEL="sh" in_sge 1 --walltime=10s
  assert_status 0
  wait_until 20 "the job's limit" grep -q 'h_rt=10' limit || { kill "$looks" && return 1; }
  wait_until 30 "the end of the job" sge_no_jobs
  run cat "$PROFILE"/log/ipengine-*.log
  assert_output --partial "its lifetime of 8 s is over"
}
